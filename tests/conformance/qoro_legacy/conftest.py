"""The vendor's service class before 0.14, its API address set to the sandbox."""

from __future__ import annotations

import pytest
from divi.backends import JobConfig, QoroService, _qoro_service

HEAD = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
BELL = HEAD + "qreg q[2];\ncreg c[2];\nh q[0];\ncx q[0],q[1];\nmeasure q -> c;\n"
FLIPPED = HEAD + "qreg q[3];\ncreg c[3];\nx q[0];\nmeasure q -> c;\n"
TURNED = HEAD + "qreg q[1];\ncreg c[1];\nry(theta) q[0];\nmeasure q -> c;\n"


def service_at(env: dict[str, str], **options: object) -> QoroService:
    """The vendor's service, pointed at a sandbox; it polls quickly."""
    _qoro_service.API_URL = env["QUANTUM_ASYNC_QORO_URL"]
    given = {"job_config": JobConfig(shots=200, simulator_cluster="qoro_maestro")}
    return QoroService(
        auth_token=env["QORO_API_KEY"], polling_interval=0.02, **{**given, **options}
    )


@pytest.fixture
def env(sandbox) -> dict[str, str]:
    """The fast sandbox's variables."""
    return sandbox.env("qoro")


@pytest.fixture
def service(env) -> QoroService:
    """The vendor's service on the fast sandbox."""
    return service_at(env)


@pytest.fixture
def real_env(simulating_sandbox) -> dict[str, str]:
    """The variables of the sandbox that simulates."""
    return simulating_sandbox.env("qoro")


@pytest.fixture
def real_service(real_env) -> QoroService:
    """The vendor's service on the sandbox that simulates."""
    return service_at(real_env)


@pytest.fixture(autouse=True)
def no_file_of_secrets(tmp_path, monkeypatch) -> None:
    """The vendor's client looks for a file of secrets upwards from here."""
    monkeypatch.chdir(tmp_path)
