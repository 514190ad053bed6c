"""An Azure Quantum of canned answers; it needs no library, so that vendors' environments run it."""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qsl, urlsplit

SUBSCRIPTION = "00000000-0000-4000-8000-000000000002"
GROUP = WORKSPACE = "golden"
KEY = "golden-key"
WS = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Quantum"
    f"/workspaces/{WORKSPACE}"
)
JOB_ID = "11111111-0000-4000-8000-000000000001"
SESSION_ID = "22222222-0000-4000-8000-000000000001"
CONTAINER = f"job-{JOB_ID}"
SIGNATURE = "sv=2025-01-05&se=2999-01-01T00%3A00%3A00Z&sp=rw&sig=a%2Bb%3D"
STALE = "sv=2025-01-05&se=2000-01-01T00%3A00%3A00Z&sp=rw&sig=a%2Bb%3D"
MOMENT = "2026-03-01T10:00:00.1234567+00:00"
OUTPUT = {"histogram": {"0": 0.5, "3": 0.5}}

CIRCUIT = {"qubits": 2, "circuit": [{"gate": "h", "target": 0}]}
QASM = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; creg c[1]; measure q -> c;'
QUIL = "DECLARE ro BIT[1]\nX 0\nMEASURE 0 ro[0]\n"
SEQUENCE = json.dumps({"version": "1", "name": "golden", "register": [], "measurement": None})
QIR = "define void @ENTRYPOINT__main() #0 {\n  ret void\n}\n"

_HEADERS = ("x-ms-quantum-api-key", "if-none-match", "x-ms-blob-type", "x-ms-blob-content-type")
_LISTING = (
    '<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="http://x/" '
    'ContainerName="c"><Blobs><Blob><Name>note</Name><Properties><Content-Length>3'
    "</Content-Length><BlobType>BlockBlob</BlobType></Properties></Blob></Blobs><NextMarker />"
    "</EnumerationResults>"
)


def job(base: str, *, signature: str = SIGNATURE, **changes):
    """A job that has succeeded.

    Args:
        base: Where the storage is.
        signature: What its addresses are signed with.
        changes: Other fields.
    """
    place = f"{base}/{CONTAINER}"
    return {
        "id": JOB_ID,
        "itemType": "Job",
        "name": "golden",
        "providerId": "ionq",
        "target": "ionq.simulator",
        "jobType": "QuantumComputing",
        "status": "Succeeded",
        "sessionId": None,
        "containerUri": f"{place}?{signature}",
        "inputDataUri": f"{place}/inputData?{signature}",
        "inputDataFormat": "ionq.circuit.v1",
        "inputParams": {"shots": 100},
        "outputDataUri": f"{place}/rawOutputData?{signature}",
        "outputDataFormat": "ionq.quantum-results.v1",
        "metadata": {"num_qubits": "2"},
        "tags": [],
        "creationTime": MOMENT,
        "beginExecutionTime": MOMENT,
        "endExecutionTime": MOMENT,
        "errorData": None,
        "isCancelling": False,
        **changes,
    }


def session(**changes):
    """An open session."""
    return {
        "id": SESSION_ID,
        "itemType": "Session",
        "name": "golden",
        "providerId": "ionq",
        "target": "ionq.simulator",
        "status": "Waiting",
        "jobFailurePolicy": "Continue",
        "creationTime": MOMENT,
        "endExecutionTime": None,
        **changes,
    }


def _page(*items):
    return {"value": list(items), "nextLink": None}


def _provider():
    status = {"currentAvailability": "Available"}
    target = {"id": "ionq.simulator", "averageQueueTime": 17, "statusPage": "", "numQubits": 29}
    return {"id": "ionq", **status, "targets": [{**target, **status}]}


QUOTA = {
    "dimension": "qgs",
    "scope": "Workspace",
    "providerId": "ionq",
    "utilization": 1.0,
    "holds": 0.0,
    "limit": 1000.0,
    "period": "Monthly",
}
USAGE = {
    "providerId": "ionq",
    "scope": "WorkspaceTarget",
    "targetId": "ionq.simulator",
    "usage": {"shots": 7.0},
    "lastModifiedTime": MOMENT,
}

_SERVICE = [
    ("POST", "/storage/sasUri", lambda base: {"sasUri": f"{base}/{CONTAINER}?{SIGNATURE}"}),
    ("GET", "/providerStatus", lambda _: _page(_provider())),
    ("GET", "/quotas", lambda _: _page(QUOTA)),
    ("GET", "/quotaUsages", lambda _: _page(USAGE)),
    ("GET", "/topLevelItems", lambda base: _page(job(base), session())),
    ("GET", "/sessions/[^/]+/jobs", lambda base: _page(job(base))),
    ("GET", "/sessions", lambda _: _page(session())),
    ("GET", "/jobs", lambda base: _page(job(base))),
    ("GET", "/sessions/[^/]+", lambda _: session()),
    ("PUT", "/sessions/[^/]+", lambda _: session()),
    ("POST", "/sessions/[^/]+:close", lambda _: session(status="Succeeded")),
    ("GET", "/jobs/[^/]+", job),
    ("PUT", "/jobs/[^/]+", lambda base: job(base, status="Waiting")),
    ("PATCH", "/jobs/[^/]+", lambda _: {"id": JOB_ID, "name": "renamed", "tags": []}),
    ("POST", "/jobs/[^/]+:cancel", None),
    ("DELETE", "/jobs/[^/]+", None),
]


def answer(method: str, url: str, body: bytes, base: str):
    """Answer a request: the status, the media type and the body.

    Args:
        method: The HTTP method.
        url: The path with the query.
        body: What was sent.
        base: Where the storage is.
    """
    parts = urlsplit(url)
    if not parts.path.lower().startswith("/subscriptions/"):
        return _blob(method, parts.query)
    if parts.path.endswith("/storage/sasUri"):
        asked = json.loads(body)
        place = "/".join(filter(None, (asked["containerName"], asked.get("blobName"))))
        document = {"sasUri": f"{base}/{place}?{SIGNATURE}"}
        return 200, "application/json", json.dumps(document).encode()
    for verb, pattern, make in _SERVICE:
        if verb == method and re.fullmatch(".*/workspaces/[^/]+" + pattern, parts.path):
            if make is None:
                return 204, "", b""
            return 200, "application/json", json.dumps(make(base)).encode()
    raise AssertionError(f"no answer to {method} {url}")


def _blob(method: str, query: str):
    if "comp=list" in query:
        return 200, "application/xml", _LISTING.encode()
    if method == "PUT":
        return 201, "application/xml", b""
    return 200, "application/json", json.dumps(OUTPUT).encode()


def described(method: str, url: str, headers, body: bytes):
    """Write a request down as the goldens do.

    Args:
        method: The HTTP method.
        url: The path with the query.
        headers: A mapping that knows names in lower case.
        body: What was sent.
    """
    parts = urlsplit(url)
    text = body.decode()
    is_json = text[:1] == "{" and "octet-stream" not in (headers.get("content-type") or "")
    return {
        "method": method,
        "path": parts.path.replace("%3A", ":").replace(WS, "/workspace"),
        "query": sorted(map(list, parse_qsl(parts.query))),
        "headers": {name: headers[name] for name in _HEADERS if headers.get(name)},
        "content_type": headers.get("content-type") if body else None,
        "body": json.loads(text) if is_json else text or None,
    }
