"""A scheduler in place of a client, at every door that takes one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import quantum_async as qa
import quantum_async.blocking
from quantum_async.errors import ConfigurationError
from quantum_async.integrations.pulser import PulserConnection
from quantum_async.integrations.qiskit import AsyncProvider, QuantumAsyncProvider

Make = Callable[..., object]
BLOCKING: dict[str, Make] = {"pulser": PulserConnection, "qiskit": QuantumAsyncProvider}
SETTINGS = {
    "journal": "jobs.db",
    "budget": qa.Budget(jobs=1),
    "limits": qa.Limits(jobs_in_flight=1),
}


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("door", BLOCKING)
def test_what_a_scheduler_has_itself_is_refused_beside_it(door: str, setting: str) -> None:
    """A budget that would be dropped without a word protects nobody."""
    with quantum_async.blocking.Scheduler(quantum_async.blocking.LocalClient()) as scheduler:
        with pytest.raises(ConfigurationError, match=f"{setting}= was given beside a scheduler"):
            BLOCKING[door](scheduler, **{setting: SETTINGS[setting]})
        BLOCKING[door](scheduler)


@pytest.mark.parametrize("setting", [*SETTINGS, "on_cancel"])
async def test_an_awaited_provider_refuses_it_as_well(setting: str) -> None:
    """Its scheduler's policy is the one that counts."""
    async with qa.Scheduler(qa.LocalClient()) as scheduler:
        with pytest.raises(ConfigurationError, match=f"{setting}= was given beside a scheduler"):
            AsyncProvider(scheduler, **{setting: SETTINGS.get(setting, "detach")})
        AsyncProvider(scheduler)


@pytest.mark.parametrize("door", BLOCKING)
async def test_a_scheduler_of_another_loop_is_refused(door: str) -> None:
    """Nobody would ever wait for it there: the error says what to pass instead."""
    async with qa.Scheduler(qa.LocalClient()) as scheduler:
        with pytest.raises(ConfigurationError, match="event loop of the program's own"):
            BLOCKING[door](scheduler)
