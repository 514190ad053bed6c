"""Looking up what a lost answer has left open, where the service is busy at that very moment."""

from __future__ import annotations

import pytest

import quantum_async as qa

PROGRAM = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; creg c[1]; x q[0]; measure q -> c;'


@pytest.mark.parametrize("fault", ["retry-after:0", "status:503", "reset"])
async def test_a_busy_service_is_asked_again_what_became_of_a_job(fault: str, sandbox) -> None:
    """One refused look-up does not make a submission unknown: the job is found, and only once."""
    async with qa.Scheduler(sandbox.client("azure")) as scheduler:
        await (await scheduler.submit(PROGRAM, shots=10, on="azure:ionq.simulator"))
        azure = {"provider": "azure", "route": "/jobs/{id}", "nth": 1}
        lost = azure | {"method": "PUT", "fault": "accept-then-reset"}
        await sandbox.set_faults([lost, azure | {"method": "GET", "fault": fault}])
        job = await scheduler.submit(PROGRAM, shots=10, on="azure:ionq.simulator")
        assert (await job).shots == 10
    stats = (await sandbox.stats())["azure"]
    assert (stats["jobs_created"], stats["duplicates"]) == (2, 0)
