"""One job through the vendor's client and through ours: what either puts on the wire."""

from __future__ import annotations

import base64
import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

JOB = "9b2f7a1e-0000-4000-8000-000000000001"
USUAL = {
    "qpusystem": [{"name": "lab_qpu", "qpus": [], "access_level": "PUBLIC"}],
    "simulatorcluster": [{"name": "qoro_maestro"}, {"name": "gpu_cluster"}],
    "vendor-config-blueprint": {
        "ibm": {
            "label": "IBM",
            "credentials": [],
            "device": [{"name": "TRANSPILE_LEVEL", "kind": "number"}],
        }
    },
    "init": {"job_id": JOB},
    "status": {"status": "COMPLETED", "run_time": 1.5},
    "resultsV2": {"count": 0, "next": None, "previous": None, "results": []},
    "cancel": {"status": "cancelled", "job_id": JOB, "circuits_cancelled": 1},
    "validation_result": {"job_id": JOB, "status": "COMPLETED", "report": {"regime": "exact"}},
    "execution_config": {"job_id": JOB, "maestro_config": None, "device_config": None},
}


class Wire:
    """Answers either client as the service does, and notes what it was asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.seen: list[tuple[str, str, object]] = []

    def answer(self, method: str, path: str, body: bytes) -> bytes:
        path = path.removeprefix("/api")
        self.seen.append((method, path, unpacked(json.loads(body) if body else None)))
        return json.dumps(
            USUAL.get(path.partition("?")[0].rstrip("/").rpartition("/")[2], {})
        ).encode()

    def taken(self) -> list[tuple[str, str, object]]:
        """What was asked since the last time."""
        seen, self.seen = self.seen, []
        return seen


@contextmanager
def wire() -> Iterator[Wire]:
    """Listen until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            reply = listening.answer(self.command, self.path, self.rfile.read(length))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        do_GET = do_POST = do_DELETE = do  # noqa: N815  the library's names

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        listening = Wire(f"http://127.0.0.1:{server.server_port}/api")
        thread = threading.Thread(target=server.serve_forever, args=[0.05], daemon=True)
        thread.start()
        try:
            yield listening
        finally:
            server.shutdown()


def unpacked(body: object) -> object:
    """Replace everything that is packed by its text; what is packed differs in its time stamp."""
    if isinstance(body, dict):
        return {name: unpacked(value) for name, value in body.items()}
    if isinstance(body, list):
        return [unpacked(value) for value in body]
    if not isinstance(body, str):
        return body
    parts = body.split("|")
    return "|".join(map(_text, parts))


def _text(part: str) -> str:
    head, mark, packed = part.rpartition(":")
    if not packed.startswith("H4sI"):
        return part
    return head + mark + gzip.decompress(base64.b64decode(packed)).decode()
