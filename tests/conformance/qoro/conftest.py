"""The vendor's service class, its API address set to the sandbox."""

from __future__ import annotations

import os

import pytest
from divi.backends import JobConfig, QoroService
from divi.backends.runners import _qoro

BELL = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
creg c[2];
h q[0];
cx q[0],q[1];
measure q -> c;
"""

FLIPPED = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[3];
creg c[3];
x q[0];
measure q -> c;
"""

TURNED = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[1];
creg c[1];
ry(theta) q[0];
measure q -> c;
"""


def service_at(env: dict[str, str], **options: object) -> QoroService:
    """The vendor's service, pointed at a sandbox; it polls quickly."""
    _qoro.API_URL = env["QUANTUM_ASYNC_QORO_URL"]
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
    assert "QORO_API_KEY" not in os.environ
