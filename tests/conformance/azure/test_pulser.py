"""pulser-azure's unmodified connection on the sandbox."""

from __future__ import annotations

import pytest
from pulser.backend.remote import BatchStatus, JobStatus
from pulser_azure import AzureConnection


@pytest.fixture
def connection(simulated) -> AzureConnection:
    """The connection; it takes no workspace and logs in by a chain that needs the cloud."""
    made = AzureConnection.__new__(AzureConnection)
    made._workspace = simulated
    return made


def wait(connection, results) -> None:
    for job_id in results.job_ids:
        job = connection._workspace.get_job(job_id)
        job.wait_until_completed(max_poll_wait_secs=0.1, timeout_secs=300, print_progress=False)


def test_jobs_of_one_call_share_a_session_that_is_closed(connection, sequence):
    """Two points: two jobs, results in order, the session over."""
    points = [{"runs": 10, "variables": {"omega": [0.0]}}] * 2
    results = connection.submit(sequence, job_params=points, device_type="EMU_FREE")
    wait(connection, results)
    assert [r.final_bitstrings for r in results.results] == [{"00": 10}] * 2
    assert results.get_batch_status() is BatchStatus.DONE


def test_an_open_batch_takes_further_jobs(connection, sequence):
    """Open, submit into it, close."""
    opened = connection.submit(sequence, open=True, device_type="EMU_MPS")
    point = [{"runs": 5, "variables": {"omega": [0.0]}}]
    results = connection.submit(
        sequence, batch_id=opened.batch_id, job_params=point, device_type="EMU_MPS"
    )
    wait(connection, results)
    assert connection._query_job_progress(opened.batch_id)[results.job_ids[0]][0] is JobStatus.DONE
    connection._close_batch(opened.batch_id)
    assert connection._get_batch_status(opened.batch_id) is BatchStatus.DONE
    assert connection.supports_open_batch()
