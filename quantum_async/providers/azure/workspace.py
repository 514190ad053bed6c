"""Which workspace is meant: by resource id, by connection string, by name or by its parts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from quantum_async.errors import ConfigurationError
from quantum_async.http.address import segment

if TYPE_CHECKING:
    from typing import Protocol

    from quantum_async.providers.azure.auth import Credential

    class VendorWorkspace(Protocol):
        """What is read of an ``azure.quantum.Workspace``; nothing of azure is imported for it."""

        @property
        def subscription_id(self) -> str:
            """The subscription."""
            ...

        @property
        def resource_group(self) -> str:
            """The resource group."""
            ...

        @property
        def name(self) -> str:
            """The workspace."""
            ...

        @property
        def location(self) -> str:
            """The region."""
            ...

        @property
        def credential(self) -> Credential | None:
            """What proves who is asking."""
            ...


_GUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_RESOURCE_ID = re.compile(
    rf"/subscriptions/(?P<subscription>{_GUID})/resourceGroups/(?P<group>[^\s/]+)"
    r"/providers/Microsoft\.Quantum/Workspaces/(?P<name>[^\s/]+)/?",
    re.IGNORECASE,
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,52}[A-Za-z0-9]")
_GROUP = re.compile(r"[\w().-]{0,89}[\w()-]")
_REGION = re.compile(
    r"https?://(?:[^./]+\.)?(?P<region>[a-z0-9]+?)(?:-v2)?\.quantum", re.IGNORECASE
)
_FIELDS = {
    "subscriptionid": "subscription_id",
    "resourcegroupname": "resource_group",
    "workspacename": "name",
    "apikey": "api_key",
    "quantumendpoint": "endpoint",
}


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace, as far as it is known before anything is asked.

    Args:
        subscription_id: Its subscription, a GUID.
        resource_group: Its resource group.
        name: Its name.
        location: Its region, which nothing but a look-up by name needs.
        endpoint: Where its data plane listens; looked up where it is empty.

    Raises:
        ConfigurationError: A part is malformed.
    """

    subscription_id: str = ""
    resource_group: str = ""
    name: str = ""
    location: str = ""
    endpoint: str = ""

    def __post_init__(self) -> None:
        _check("subscription id", self.subscription_id, re.compile(_GUID), "Give the GUID.")
        _check(
            "resource group",
            self.resource_group,
            _GROUP,
            "It has 1 to 90 letters, digits, _ ( ) - . and does not end with a full stop.",
        )
        _check("workspace name", self.name, _NAME, "It has 2 to 54 letters, digits and hyphens.")
        object.__setattr__(self, "location", self.location.replace(" ", "").lower())

    @classmethod
    def parse(cls, resource_id: str) -> Workspace:
        """Read a resource id, whatever its capitals.

        Args:
            resource_id: ``/subscriptions/…/resourceGroups/…/providers/Microsoft.Quantum/Workspaces/…``

        Raises:
            ConfigurationError: It is none.
        """
        match = _RESOURCE_ID.fullmatch(resource_id.strip())
        if match is None:
            raise ConfigurationError(
                "this is not the resource id of a Quantum workspace",
                provider="azure",
                remedy="Copy it from the workspace's page: /subscriptions/…/providers/"
                "Microsoft.Quantum/Workspaces/name.",
            )
        return cls(match["subscription"], match["group"], match["name"])

    @property
    def is_complete(self) -> bool:
        """Whether subscription, resource group and name are known."""
        return bool(self.subscription_id and self.resource_group and self.name)

    @property
    def path(self) -> str:
        """Where it is below the data plane's and the management's address."""
        return (
            f"/subscriptions/{segment(self.subscription_id)}"
            f"/resourceGroups/{segment(self.resource_group)}"
            f"/providers/Microsoft.Quantum/workspaces/{segment(self.name)}"
        )

    def filled(self, other: Workspace) -> Workspace:
        """Return this one, with what is missing taken from another."""
        names = ("subscription_id", "resource_group", "name", "location", "endpoint")
        missing = {name: getattr(other, name) for name in names if not getattr(self, name)}
        return replace(self, **missing)


@dataclass(frozen=True, slots=True)
class ConnectionString:
    """A connection string: a workspace, where it listens, and an API key.

    Args:
        workspace: The workspace with its endpoint.
        api_key: The key.
    """

    workspace: Workspace
    api_key: str = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> ConnectionString:
        """Read ``SubscriptionId=…;ResourceGroupName=…;WorkspaceName=…;ApiKey=…;QuantumEndpoint=…;``.

        Args:
            text: The connection string; its fields may come in any order.

        Raises:
            ConfigurationError: A field is missing or malformed.
        """
        found: dict[str, str] = {}
        # Docker's --env-file keeps the quotes that a shell would take away.
        for part in text.strip().strip("'\"").split(";"):
            name, mark, value = part.partition("=")
            if mark and name.strip().lower() in _FIELDS:
                found[_FIELDS[name.strip().lower()]] = value.strip()
        missing = [name for name in _FIELDS.values() if not found.get(name)]
        if missing:
            raise ConfigurationError(
                f"the connection string lacks {', '.join(missing)}",
                provider="azure",
                remedy="Copy it whole from the workspace's access keys.",
            )
        api_key = found.pop("api_key")
        region = _REGION.match(found["endpoint"])
        return cls(Workspace(**found, location=region["region"] if region else ""), api_key)


def of_vendor(workspace: VendorWorkspace) -> Workspace:
    """Read an ``azure.quantum.Workspace``: which one it is and where it listens.

    Args:
        workspace: The vendor's object.
    """
    # The vendor shows the endpoint nowhere else; without it, it is looked up.
    known = getattr(workspace, "_connection_params", None)
    endpoint = getattr(known, "quantum_endpoint", None)
    return Workspace(
        workspace.subscription_id,
        workspace.resource_group,
        workspace.name,
        workspace.location or "",
        endpoint if isinstance(endpoint, str) else "",
    )


def _check(what: str, value: str, pattern: re.Pattern[str], remedy: str) -> None:
    if value and pattern.fullmatch(value) is None:
        raise ConfigurationError(f"{value!r} is not a {what}", provider="azure", remedy=remedy)
