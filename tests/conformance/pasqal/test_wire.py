"""What the vendor's client puts on the wire: the goldens that our own client is held against.

With ``QUANTUM_ASYNC_WRITE_GOLDENS=1`` the goldens are written instead of compared.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import os
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from pasqal_cloud.authentication import TokenProvider
from pasqal_cloud.device import EmuFreeConfig, EmuTNConfig
from pasqal_cloud.endpoints import Endpoints, TokenProviderConf
from pasqal_cloud.ovh import OvhClient
from pasqal_cloud.pasqal_cloud_client import PasqalCloudClient
from pasqal_cloud.utils.constants import BatchStatus, JobStatus
from pasqal_cloud.utils.filters import (
    BatchFilters,
    CancelJobFilters,
    JobFilters,
    PaginationParams,
    RebatchFilters,
)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

GOLDENS = Path(__file__).parents[2] / "wire" / "pasqal"
_spec = importlib.util.spec_from_file_location("service", GOLDENS / "service.py")
service = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(service)

B, J, J2, W, P = (
    service.BATCH_ID,
    service.JOB_ID,
    service.OTHER_JOB_ID,
    service.WORKLOAD_ID,
    service.PROJECT_ID,
)
S = service.SEQUENCE
START, END = datetime(2026, 3, 1, 10, tzinfo=UTC), datetime(2026, 3, 2)  # noqa: DTZ001
JOBS = [{"runs": 20, "variables": {"omega": 6.0}}]

OPERATIONS = {
    "create_batch": lambda c: c.create_batch(S, JOBS, device_type="FRESNEL"),
    "create_batch_on_the_sequences_device": lambda c: c.create_batch(S, JOBS),
    "create_open_batch": lambda c: c.create_batch(S, [], open=True, tags=["a", "b"]),
    "create_batch_with_configuration": lambda c: c.create_batch(
        S,
        JOBS,
        device_type="EMU_TN",
        configuration=EmuTNConfig(dt=5.0, precision="high", extra_config={"x": 1}),
    ),
    "create_batch_with_noise": lambda c: c.create_batch(
        S,
        JOBS,
        device_type="EMU_FREE",
        configuration=EmuFreeConfig(with_noise=True, strict_validation=True),
    ),
    "create_batch_with_emulation": lambda c: c.create_batch(
        S, [{"runs": 5}], device_type="EMU_MPS", backend_configuration='{"dt": Infinity}'
    ),
    "create_batch_of_sequences": lambda c: c.create_batch(
        None, [{"runs": 5, "serialized_sequence": S}]
    ),
    "create_batch_with_qubits": lambda c: c.create_batch(
        S, [{"runs": 5, "variables": {"omega": [1.0, 2.0], "qubits": {"q0": 3}}}]
    ),
    "get_batch": lambda c: c.get_batch(B),
    "list_batches": lambda c: c.get_batches(),
    "list_batches_filtered": lambda c: c.get_batches(
        BatchFilters(
            id=[B],
            project_id=P,
            user_id=["u1", "u2"],
            device_type="FRESNEL",
            status=[BatchStatus.DONE, BatchStatus.ERROR],
            open=False,
            tag="a",
            start_date=START,
            end_date=END,
        ),
        PaginationParams(offset=0, limit=7),
    ),
    "batch_status": lambda c: c.get_batch_status(B),
    "close_batch": lambda c: c.close_batch(B),
    "cancel_batch": lambda c: c.cancel_batch(B),
    "cancel_batches": lambda c: c.cancel_batches([B]),
    "set_tags": lambda c: c.set_batch_tags(B, ["a", "b"]),
    "rebatch": lambda c: c.rebatch(B),
    "rebatch_filtered": lambda c: c.rebatch(
        B, RebatchFilters(id=J, status=JobStatus.ERROR, min_runs=5, max_runs=10)
    ),
    "add_jobs": lambda c: c.add_jobs(B, JOBS),
    "cancel_jobs": lambda c: c.cancel_jobs(B, CancelJobFilters(id=[J, J2])),
    "jobs_of_a_batch": lambda c: c.get_batch(B).ordered_jobs,
    "list_jobs": lambda c: c.get_jobs(),
    "list_jobs_filtered": lambda c: c.get_jobs(
        JobFilters(
            id=[J, J2],
            batch_id=B,
            status=JobStatus.ERROR,
            errors=True,
            min_runs=1,
            max_runs=9,
            start_date=START,
        ),
        PaginationParams(offset=0, limit=40),
    ),
    "get_job": lambda c: c.get_job(J),
    "job_status": lambda c: c.get_job_status(J),
    "cancel_job": lambda c: c.cancel_job(J),
    "results": lambda c: c.get_job(J).full_result,
    "create_workload": lambda c: c.create_workload("qadence_circuit", "pyqtorch", {"shots": 10}),
    "get_workload": lambda c: c.get_workload(W),
    "cancel_workload": lambda c: c.cancel_workload(W),
    "specs": lambda c: c.get_device_specs_dict(),
    "projects": lambda c: c.get_all_projects(),
}


class Recorder:
    """A server that answers as the service does, and writes down what it was asked."""

    def __init__(self):
        self.requests = []
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self):
                parts = urlsplit(self.path)
                length = int(self.headers.get("Content-Length") or 0)
                recorder.requests.append(self.request_of(parts, self.rfile.read(length)))
                document = service.answer(self.command, parts.path, recorder.base)
                content = json.dumps(document).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def request_of(self, parts, content):
                headers = {n.lower(): v for n, v in self.headers.items()}
                if headers.get("content-encoding") == "gzip":
                    content = gzip.decompress(content)
                text = content.decode()
                is_form = "form" in headers.get("content-type", "")
                body = dict(parse_qsl(text)) if is_form else json.loads(text) if text else None
                return {
                    "method": self.command,
                    "path": parts.path,
                    "query": sorted(map(list, parse_qsl(parts.query))),
                    "authorization": headers.get("authorization"),
                    "content_type": headers.get("content-type"),
                    "body": body,
                }

            do_GET = do_POST = do_PATCH = do_PUT = handle_any  # noqa: N815

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def serving(self):
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


@pytest.fixture
def recorder():
    with Recorder().serving() as recorder:
        yield recorder


def endpoints(recorder):
    return Endpoints(core=f"{recorder.base}/core-fast", account=f"{recorder.base}/account")


def login(recorder, grant="http://auth0.com/oauth/grant-type/password-realm"):
    return TokenProviderConf(
        token_endpoint=f"{recorder.base}/token",
        public_client_id="public",
        audience="https://audience",
        realm="realm",
        grant_type=grant,
    )


def vendor(recorder, **options):
    options = {"auth_config": login(recorder), **options}
    return PasqalCloudClient(
        username="u@example.com",
        password="p&ss word",
        project_id=P,
        endpoints=endpoints(recorder),
        **options,
    )


def check(name, requests):
    path = GOLDENS / f"{name}.json"
    text = json.dumps(requests, indent=2) + "\n"
    if os.environ.get("QUANTUM_ASYNC_WRITE_GOLDENS"):
        path.write_text(text, encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8")) == requests


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_golden_is_what_the_vendor_sends(recorder, name):
    """Each operation puts on the wire what its golden says."""
    client = vendor(recorder)
    recorder.requests.clear()
    OPERATIONS[name](client)
    check(name, recorder.requests)


def test_the_golden_of_a_login(recorder):
    """A password is exchanged for a token as the golden says."""
    vendor(recorder).user_token()
    check("login", recorder.requests[:1])


def test_the_golden_of_a_keycloak_login(recorder):
    """So it is where Keycloak takes it."""
    vendor(recorder, auth_config=login(recorder, "password")).user_token()
    check("login_keycloak", recorder.requests[:1])


def test_the_golden_of_a_webhook(recorder):
    """A client's webhook goes along with each new batch."""
    client = vendor(recorder, webhook="https://example.com/hook")
    recorder.requests.clear()
    client.create_batch(S, JOBS)
    check("create_batch_with_webhook", recorder.requests)


def test_the_golden_of_public_specs(recorder):
    """Without credentials the public specifications are asked for."""
    PasqalCloudClient(endpoints=endpoints(recorder)).get_device_specs_dict()
    check("public_specs", recorder.requests)


class _Token(TokenProvider):
    def get_token(self):
        return "golden"


@pytest.mark.parametrize(
    "name", ["create_batch", "get_batch", "batch_status", "list_jobs", "job_status"]
)
def test_the_golden_by_way_of_ovh(recorder, name):
    """OVH's customers reach the same by other paths."""
    client = PasqalCloudClient(
        client_class=OvhClient, token_provider=_Token(), endpoints=endpoints(recorder)
    )
    OPERATIONS[name](client)
    check(f"ovh_{name}", recorder.requests)
