"""Clients beside respx: a mocked test never reaches a service."""

from __future__ import annotations

import httpx
import pytest
import respx

import quantum_async as qa
from quantum_async import blocking
from quantum_async.errors import ConfigurationError, QuantumAsyncError

CLIENTS = {
    "pasqal": qa.PasqalClient,
    "azure": qa.AzureClient,
    "iqm": qa.IQMClient,
    "qoro": qa.QoroClient,
}
PROGRAM = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; creg c[1]; x q[0]; measure q -> c;'


@pytest.mark.parametrize("name", CLIENTS)
async def test_a_client_refuses_to_pass_respx_by(name: str, sandbox) -> None:
    """Nothing leaves while a router is active, and what the error advises is true."""
    async with CLIENTS[name].from_env(sandbox.env(name)) as client:
        with respx.mock, pytest.raises(ConfigurationError, match="respx") as refused:
            await client.devices()
        assert refused.value.accepted == "no"
        assert not sum((await sandbox.stats())[name]["requests"].values())
        assert await client.devices()


async def test_a_job_is_refused_beside_respx_before_anything_is_sent(sandbox) -> None:
    """A submission ends with the refusal and creates no job."""
    async with qa.Scheduler(sandbox.client("qoro")) as scheduler:
        with respx.mock, pytest.raises(ConfigurationError, match="respx"):
            await scheduler.submit(PROGRAM, shots=10)
        assert (await sandbox.stats())["qoro"]["jobs_created"] == 0
        job = await scheduler.submit(PROGRAM, shots=10)
        assert (await job).shots == 10


def test_the_blocking_facade_refuses_as_well(blocking_sandbox) -> None:
    """The loop of the facade is another thread's, and respx is everybody's."""
    client = blocking.IQMClient.from_env(blocking_sandbox.env("iqm"))
    with client, respx.mock, pytest.raises(ConfigurationError, match="respx"):
        client.devices()


@pytest.mark.parametrize("name", CLIENTS)
async def test_respx_answers_for_httpxs_own_transport(name: str, sandbox) -> None:
    """With the transport that the refusal names, mocked answers are what a client sees."""
    options = qa.SessionOptions(
        transport=httpx.AsyncHTTPTransport(), retry=qa.RetryPolicy(attempts=1)
    )
    async with CLIENTS[name].from_env(sandbox.env(name), options=options) as client:
        with respx.mock(assert_all_called=False) as router:
            answered = router.route().respond(418)
            with pytest.raises(QuantumAsyncError, match="418"):
                await client.devices()
    assert answered.called
    assert not sum((await sandbox.stats())[name]["requests"].values())
