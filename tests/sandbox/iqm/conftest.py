"""A wire to the sandbox's IQM service without any client of ours."""

from __future__ import annotations

import pytest


@pytest.fixture
def iqm(blocking_sandbox, wire_to):
    """Ask the IQM service something; its interface's prefix is left out."""
    wire = wire_to(blocking_sandbox.url("iqm"))

    def ask(method, path, body=None, *, prefix="/api/v1", **options):
        return wire.ask(method, prefix + path, body, **options)

    return ask


@pytest.fixture
def circuit():
    """Write a circuit of one flip in either spelling."""

    def write(*, qubit="QB1", old=False, **more):
        where = "qubits" if old else "locus"
        args = {"angle_t": 0.5, "phase_t": 0.0} if old else {"angle": 3.14, "phase": 0.0}
        return {
            "name": "flip",
            "instructions": [
                {"name": "prx", where: [qubit], "args": args},
                {"name": "measure", where: [qubit, "QB2"], "args": {"key": "m"}},
            ],
            **more,
        }

    return write
