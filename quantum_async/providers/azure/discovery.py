"""Where a workspace listens: asked of the management, once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from quantum_async.errors import ConfigurationError, NotFoundError
from quantum_async.http.encode import json_body
from quantum_async.http.session import Session
from quantum_async.models.advice import Advice, Setting
from quantum_async.providers.azure.auth import MANAGEMENT_SCOPE
from quantum_async.providers.azure.parsing import parse
from quantum_async.providers.azure.versions import ARM, RESOURCE_GRAPH
from quantum_async.providers.azure.wire import GraphAnswer, WorkspaceAnswer
from quantum_async.providers.azure.workspace import Workspace

if TYPE_CHECKING:
    from quantum_async.http.options import SessionOptions
    from quantum_async.providers.azure.auth import Login

MANAGEMENT = "https://management.azure.com"

_WORD = re.compile(r"[\w().-]+")


class Discovery:
    """Look workspaces up.

    Args:
        address: Where the management listens.
        login: What proves who is asking.
        options: What the user chose of connections.
    """

    def __init__(self, address: str, login: Login, options: SessionOptions) -> None:
        self._login = login
        self.session: Session = Session(
            address, provider="azure", auth=login.auth(MANAGEMENT_SCOPE), options=options
        )

    async def complete(self, workspace: Workspace) -> Workspace:
        """Find out what is not known of a workspace.

        Raises:
            ConfigurationError: There is no such workspace, or there are several, or it does not
                say where it listens.
            ProtocolError: It listens where nothing may be sent: not by https.
        """
        if workspace.endpoint and workspace.is_complete:
            return workspace
        if self._login.has_key:
            raise ConfigurationError(
                "with an API key, a workspace's endpoint cannot be looked up",
                provider="azure",
                remedy="Pass endpoint= as well, or the whole connection string.",
            )
        if not workspace.is_complete:
            return await self._by_name(workspace)
        return await self._by_id(workspace)

    async def _by_id(self, workspace: Workspace) -> Workspace:
        try:
            response = await self.session.read(workspace.path, query={"api-version": ARM})
        except NotFoundError as error:
            raise ConfigurationError(
                f"there is no workspace {workspace.name} in {workspace.resource_group}",
                provider="azure",
                request_id=error.request_id,
                remedy="Check the resource id, and that the account may see it.",
            ) from error
        answer = parse(WorkspaceAnswer, response)
        endpoint = answer.properties.endpoint_uri
        if not endpoint:
            raise _not_ready(workspace)
        self.session.check_link(endpoint)
        return workspace.filled(Workspace(location=answer.location or "", endpoint=endpoint))

    async def _by_name(self, workspace: Workspace) -> Workspace:
        if not workspace.name:
            raise ConfigurationError(
                "nothing says which workspace is meant",
                provider="azure",
                remedy=Advice(
                    "Set ",
                    Setting("connection_string", variable="AZURE_QUANTUM_CONNECTION_STRING"),
                    "; or ",
                    Setting("name", variable="AZURE_QUANTUM_WORKSPACE_NAME"),
                    "; or ",
                    Setting("resource_id", variable="PULSER_AZURE_RESOURCE_ID"),
                    ".",
                ),
            )
        asked: dict[str, object] = {"query": _query(workspace)}
        if workspace.subscription_id:
            asked["subscriptions"] = [workspace.subscription_id]
        response = await self.session.read(
            "/providers/Microsoft.ResourceGraph/resources",
            method="POST",
            query={"api-version": RESOURCE_GRAPH},
            body=await json_body(asked),
        )
        rows = parse(GraphAnswer, response).data
        if len(rows) != 1:
            found = ", ".join(row.resource_group for row in rows)
            raise ConfigurationError(
                f"there are {len(rows)} workspaces called {workspace.name}"
                + (f", in the resource groups {found}" if rows else ""),
                provider="azure",
                remedy="Pass the resource id, or resource_group= and subscription_id= as well.",
            )
        row = rows[0]
        if not row.endpoint_uri:
            raise _not_ready(workspace)
        self.session.check_link(row.endpoint_uri)
        return Workspace(
            row.subscription_id, row.resource_group, row.name, row.location, row.endpoint_uri
        )


def _query(workspace: Workspace) -> str:
    lines = [
        "Resources",
        "| where type =~ 'microsoft.quantum/workspaces'",
        f"| where name =~ '{_word(workspace.name)}'",
    ]
    if workspace.resource_group:
        lines.append(f"| where resourceGroup =~ '{_word(workspace.resource_group)}'")
    if workspace.location:
        lines.append(f"| where location =~ '{_word(workspace.location)}'")
    lines += [
        "| extend endpointUri = tostring(properties.endpointUri)",
        "| extend workspaceKind = tostring(properties.workspaceKind)",
        "| project name, subscriptionId, resourceGroup, location, endpointUri, workspaceKind",
    ]
    return "\n".join(lines)


def _word(value: str) -> str:
    if _WORD.fullmatch(value) is None:
        raise ConfigurationError(
            f"{value!r} cannot be searched for",
            provider="azure",
            remedy="Pass the resource id, which needs no search.",
        )
    return value


def _not_ready(workspace: Workspace) -> ConfigurationError:
    return ConfigurationError(
        f"workspace {workspace.name} does not say where it listens",
        provider="azure",
        remedy="Check in the portal that it was provisioned.",
    )
