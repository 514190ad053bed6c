"""What the vendor's client puts on the wire: the goldens that our own client is held against.

With ``QUANTUM_ASYNC_WRITE_GOLDENS=1`` the goldens are written instead of compared.
"""

from __future__ import annotations

import importlib.util
import json
import os
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from azure.core.credentials import AzureKeyCredential
from azure.quantum import Job, SessionJobFailurePolicy, Workspace
from azure.quantum.job.session import Session
from azure.quantum.target import IonQ, Quantinuum, Rigetti
from azure.quantum.target.pasqal import Pasqal

GOLDENS = Path(__file__).parents[2] / "wire" / "azure"
_spec = importlib.util.spec_from_file_location("service", GOLDENS / "service.py")
service = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(service)

J, S = service.JOB_ID, service.SESSION_ID
START, END = datetime(2026, 3, 1, 10, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
ALL = {
    "name_match": "gold",
    "job_type": ["QuantumComputing"],
    "provider": ["ionq", "pasqal"],
    "target": ["ionq.simulator"],
    "status": ["Failed", "Cancelled"],
    "created_after": START,
    "created_before": END,
}


def submitted(kind, name, data, **more):
    """Submit to one of the vendor's targets under the golden id."""
    return lambda w: kind(w, name=name).submit(data, name="golden", job_id=J, **more)


def qir(w):
    """A program as the vendor's Qiskit backends send it."""
    return Job.from_input_data(
        workspace=w,
        name="golden",
        target="ionq.simulator",
        input_data=service.QIR.encode(),
        content_type="qir.v1",
        job_id=J,
        provider_id="ionq",
        input_data_format="qir.v1",
        output_data_format="microsoft.quantum-results.v2",
        input_params={"shots": 100, "items": [{"entryPoint": "ENTRYPOINT__main", "arguments": []}]},
        metadata={"qiskit": "True", "num_qubits": "1"},
        session_id=S,
        priority="High",
        tags=["a", "b"],
    )


def opened(w, policy=None, **more):
    """Open a session under the golden id."""
    session = Session(
        w, target="ionq.simulator", id=S, name="golden", job_failure_policy=policy, **more
    )
    w.open_session(session)


OPERATIONS = {
    "submit_ionq": submitted(IonQ, "ionq.simulator", service.CIRCUIT, shots=100),
    "submit_quantinuum": submitted(Quantinuum, "quantinuum.sim.h2-1e", service.QASM, shots=7),
    "submit_rigetti": submitted(
        Rigetti, "rigetti.sim.qvm", service.QUIL, shots=7, input_params={"skipQuilc": True}
    ),
    "submit_pasqal": submitted(
        Pasqal,
        "pasqal.sim.emu-mps",
        {"sequence_builder": service.SEQUENCE},
        shots=5,
        input_params={"variables": {"omega": [12]}, "open_batch": True},
    ),
    "submit_qir": qir,
    "get_job": lambda w: w.get_job(J),
    "cancel_job": lambda w: w.cancel_job(w.get_job(J)),
    "delete_job": lambda w: w.delete_job(w.get_job(J)),
    "update_job": lambda w: w.update_job(w.get_job(J), name="renamed", priority="High", tags=["a"]),
    "list_jobs": lambda w: w.list_jobs(),
    "list_jobs_filtered": lambda w: w.list_jobs(**ALL),
    "list_jobs_in_order": lambda w: list(
        w.list_jobs_paginated(skip=3, orderby_property="CreationTime", is_asc=False)
    ),
    "list_sessions": lambda w: w.list_sessions(),
    "list_items": lambda w: w.list_top_level_items(item_type=["Job", "Session"]),
    "open_session": opened,
    "open_session_that_continues": lambda w: opened(w, SessionJobFailurePolicy.CONTINUE),
    "open_session_with_tags": lambda w: opened(w, priority="High", tags=["a", "b"]),
    "get_session": lambda w: w.get_session(S),
    "close_session": lambda w: w.close_session(w.get_session(S)),
    "list_session_jobs": lambda w: list(
        w.list_session_jobs_paginated(session_id=S, orderby_property="CreationTime")
    ),
    "targets": lambda w: w.get_targets(),
    "quotas": lambda w: w.get_quotas(),
    "results": lambda w: w.get_job(J).get_results(),
    "upload_attachment": lambda w: w.get_job(J).upload_attachment("note", b"one"),
    "download_attachment": lambda w: w.get_job(J).download_attachment("note"),
    "list_attachments": lambda w: list(w.get_job(J).list_attachments()),
}


class Recorder:
    """A server that answers as the service does, and writes down what it was asked."""

    def __init__(self):
        self.requests = []
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                found = service.described(self.command, self.path, headers, body)
                recorder.requests.append(found)
                status, media, content = service.answer(
                    self.command, self.path, body, recorder.base
                )
                if "x-ms-range" in headers:
                    status = 206
                self.send_response(status)
                if status == 206:
                    last = len(content) - 1
                    self.send_header("Content-Range", f"bytes 0-{last}/{last + 1}")
                if media:
                    self.send_header("Content-Type", media)
                self.send_header("Content-Length", str(len(content)))
                for name in ("ETag", "x-ms-version"):
                    self.send_header(name, '"0x1"')
                self.send_header("Last-Modified", "Sun, 01 Mar 2026 10:00:00 GMT")
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815

            def log_message(self, *_):
                pass

        # The vendor's storage client takes 127.0.0.1 for an emulator and misreads its addresses.
        self.server = ThreadingHTTPServer(("127.0.0.2", 0), Handler)
        self.base = f"http://127.0.0.2:{self.server.server_port}"

    @contextmanager
    def serving(self):
        thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.server.shutdown()
            self.server.server_close()
            thread.join()


@pytest.fixture(scope="module")
def recorder():
    """The service, for all operations."""
    with Recorder().serving() as serving:
        yield serving


@pytest.fixture
def golden_workspace(recorder) -> Workspace:
    """The vendor's workspace at the canned service."""
    recorder.requests.clear()
    return Workspace(
        subscription_id=service.SUBSCRIPTION,
        resource_group=service.GROUP,
        name=service.WORKSPACE,
        location="eastus",
        credential=AzureKeyCredential(service.KEY),
        _quantum_endpoint=recorder.base + "/",
        _from_connection_string=True,
    )


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_the_vendors_requests(recorder, golden_workspace, name):
    """Method, path, query, key, headers of the storage and body are those of the golden."""
    OPERATIONS[name](golden_workspace)
    path = GOLDENS / f"{name}.json"
    found = json.dumps(recorder.requests, indent=2).replace(recorder.base, "http://golden")
    if os.environ.get("QUANTUM_ASYNC_WRITE_GOLDENS"):
        path.write_text(found + "\n", encoding="utf-8")
    assert json.loads(found) == json.loads(path.read_text(encoding="utf-8"))
