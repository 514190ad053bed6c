"""Routes that are neither about jobs nor about sessions: targets, quotas, signatures, management."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import uuid4

from quantum_async.sandbox.azure.targets import TARGETS, providers
from quantum_async.sandbox.exchange import Refusal, Reply

if TYPE_CHECKING:
    from pydantic import JsonValue

    from quantum_async.sandbox.azure.desk import Desk
    from quantum_async.sandbox.azure.targets import Target
    from quantum_async.sandbox.exchange import Request

SUBSCRIPTION = "00000000-0000-4000-8000-000000000002"
GROUP = "sandbox"
WORKSPACE = "sandbox"
LOCATION = "eastus"

_ACCOUNT = {"ss": "b", "srt": "co", "spr": "https,http", "sp": "rwlac"}
_BLOB = {"sr": "b", "sp": "rcw"}
_NAME = re.compile(r"name\s*=~\s*'([^']*)'")


class OtherRoutes:
    """Answers the rest.

    Args:
        desk: What every route needs.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def sas(self, request: Request) -> Reply:
        """POST storage/sasUri."""
        body, now, blobs = request.json_object(), request.now, self._desk.blobs
        container, blob = body.get("containerName"), body.get("blobName")
        if not isinstance(container, str) or not container:
            raise Refusal(400, "containerName is missing", "InvalidRequest")
        if self._desk.options.creates_containers:
            blobs.create(container)
        address = blobs.address(request.base_url, container, str(blob or ""))
        return Reply.of_json({"sasUri": blobs.signed(address, now, _BLOB if blob else _ACCOUNT)})

    def provider_status(self, request: Request) -> Reply:
        """GET providerStatus."""
        del request
        value: list[JsonValue] = [self._provider(name) for name in providers()]
        return Reply.of_json({"value": value, "nextLink": None})

    def quotas(self, request: Request) -> Reply:
        """GET quotas."""
        del request
        value = [
            {
                "dimension": dimension,
                "scope": "Workspace",
                "providerId": provider,
                "utilization": 0.0,
                "holds": 0.0,
                "limit": 1000.0,
                "period": "Monthly",
            }
            for provider, dimension in (("ionq", "qgs"), ("pasqal", "compute-time-qpu"))
        ]
        return Reply.of_json({"value": value, "nextLink": None})

    def quota_usages(self, request: Request) -> Reply:
        """GET quotaUsages."""
        provider = request.query.get("providerId", [""])[0]
        if not provider:
            raise Refusal(400, "providerId is missing", "InvalidQueryParameter")
        value = [self._usage(target) for target in TARGETS if target.provider == provider]
        return Reply.of_json({"value": value, "nextLink": None})

    def suite_usages(self, request: Request) -> Reply:
        """GET a suite offer's quotaUsages."""
        found = [self._usage(target) for target in TARGETS if target.provider == request.ids[-1]]
        return Reply.of_json(found)

    def suite_status(self, request: Request) -> Reply:
        """GET a suite offer's providerStatus."""
        if request.ids[-1] not in providers():
            raise Refusal(404, f"There is no offer of {request.ids[-1]}.", "NotFound")
        return Reply.of_json(self._provider(request.ids[-1]))

    def workspace(self, request: Request) -> Reply:
        """GET the workspace, of the management."""
        subscription, group, name = request.ids
        if (group.lower(), name.lower()) != (GROUP, WORKSPACE):
            raise Refusal(404, f"There is no workspace {name} in {group}.", "ResourceNotFound")
        return Reply.of_json(
            {
                "id": f"/subscriptions/{subscription}/resourceGroups/{group}/providers/"
                f"Microsoft.Quantum/Workspaces/{name}",
                "name": name,
                "location": LOCATION,
                "properties": {
                    "endpointUri": request.base_url,
                    "workspaceKind": self._desk.options.kind,
                    "provisioningState": "Succeeded",
                },
            }
        )

    def graph(self, request: Request) -> Reply:
        """POST a question to the resource graph."""
        match = _NAME.search(str(request.json_object().get("query")))
        rows: list[JsonValue] = []
        if match is not None and match[1].lower() == WORKSPACE:
            rows.append(
                {
                    "name": WORKSPACE,
                    "subscriptionId": SUBSCRIPTION,
                    "resourceGroup": GROUP,
                    "location": LOCATION,
                    "endpointUri": request.base_url,
                    "workspaceKind": self._desk.options.kind,
                }
            )
        count = len(rows)
        return Reply.of_json(
            {
                "totalRecords": count,
                "count": count,
                "data": rows,
                "facets": [],
                "resultTruncated": "false",
            }
        )

    def token(self, request: Request) -> Reply:
        """POST for a token; whoever asks is given one."""
        del request
        lifetime = int(self._desk.world.settings.token_lifetime)
        return Reply.of_json(
            {
                "token_type": "Bearer",
                "expires_in": lifetime,
                "ext_expires_in": lifetime,
                "access_token": f"sandbox-{uuid4().hex}",
            }
        )

    def openid(self, request: Request) -> Reply:
        """GET what the login says of itself."""
        base = f"{request.base_url}/{request.ids[0]}"
        return Reply.of_json(
            {
                "issuer": f"{base}/v2.0",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            }
        )

    def _provider(self, name: str) -> dict[str, JsonValue]:
        targets: list[JsonValue] = [_status(t) for t in TARGETS if t.provider == name]
        return {"id": name, "currentAvailability": "Available", "targets": targets}

    def _usage(self, target: Target) -> JsonValue:
        jobs = sum(job.target == target.id for job in self._desk.jobs.values())
        return {
            "providerId": target.provider,
            "scope": "WorkspaceTarget",
            "targetId": target.id,
            "usage": {"jobs": float(jobs)},
            "lastModifiedTime": self._desk.clock.iso(self._desk.clock.now()),
            "metadata": {},
        }


def _status(target: Target) -> JsonValue:
    return {
        "id": target.id,
        "currentAvailability": "Available",
        "averageQueueTime": 17 if target.has_queue else 0,
        "statusPage": "",
        "numQubits": target.qubits or None,
        "targetProfile": target.profile,
        "metadata": None,
    }
