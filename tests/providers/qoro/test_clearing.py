"""What becomes of a job whose upload failed, where the service is busy at that very moment."""

from __future__ import annotations

import pytest

import quantum_async as qa

PROGRAM = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; creg c[1]; x q[0]; measure q -> c;'
JOB = "/job/{id}"


@pytest.mark.parametrize("busy", ["retry-after:0", "status:503"])
async def test_a_job_that_was_not_completed_goes_although_the_service_is_busy(
    busy: str, sandbox
) -> None:
    """One refused cancel leaves no job behind: it is asked again."""
    qoro = {"provider": "qoro", "nth": 1, "method": "POST"}
    chunk = qoro | {"route": f"{JOB}/add_circuits/", "fault": "status:400"}
    cancel = qoro | {"route": f"{JOB}/cancel/", "fault": busy}
    async with qa.Scheduler(sandbox.client("qoro")) as scheduler:
        await sandbox.set_faults([chunk, cancel])
        with pytest.raises(qa.QuantumAsyncError) as refused:
            await scheduler.submit(PROGRAM, shots=10)
    assert refused.value.accepted == "no"
    assert "left at the service" not in str(refused.value)
