"""Clients of one provider in one scheduler, told apart by names of their own."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import quantum_async as qa
import quantum_async.blocking
from quantum_async.errors import (
    BudgetExceededError,
    ConfigurationError,
    InvalidOptionError,
    RejectedRequestError,
    UnknownTargetError,
)
from quantum_async.models.identity import identity_of
from quantum_async.models.job import JobRef
from quantum_async.scheduler.scheduler import Scheduler
from tests.journal.helpers import MortalClient, MortalJournal, Power, until_dead
from tests.scheduler.fake import PROGRAM, FakeClient, World

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from quantum_async.providers.base import ProviderClient

from quantum_async.journal.sql import SqlJournal

QUICK = qa.Limits(min_poll_interval=0.005)
HERE, THERE = "https://here.example", "https://there.example"

AZURE = (
    "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/group/providers/"
    "Microsoft.Quantum/Workspaces/work"
)
MAKERS: dict[str, Callable[[str | None], ProviderClient]] = {
    "local": lambda name: qa.LocalClient(name=name),
    "pasqal": lambda name: qa.PasqalClient(token="t", project_id="p", name=name),
    "azure": lambda name: qa.AzureClient(AZURE, api_key="k", name=name),
    "iqm": lambda name: qa.IQMClient("https://iqm.example", token="t", name=name),
    "qoro": lambda name: qa.QoroClient(api_key="k", name=name),
}
ENVIRONMENTS: dict[str, tuple[type[ProviderClient], dict[str, str]]] = {
    "local": (qa.LocalClient, {}),
    "pasqal": (qa.PasqalClient, {"PASQAL_TOKEN": "t", "QUANTUM_ASYNC_PASQAL_TOKEN": "t"}),
    "azure": (qa.AzureClient, {"QUANTUM_ASYNC_AZURE_RESOURCE_ID": AZURE}),
    "iqm": (qa.IQMClient, {"IQM_SERVER_URL": "https://iqm.example", "IQM_TOKEN": "t"}),
    "qoro": (qa.QoroClient, {"QORO_API_KEY": "k", "QUANTUM_ASYNC_QORO_API_KEY": "k"}),
}


class At(FakeClient):
    """A client of one server."""

    def __init__(self, address: str, world: World, name: str = "fake") -> None:
        super().__init__(world=world, name=name, run_time=lambda _: 0.0)
        self._address = address

    @property
    def address(self) -> str:
        """As scripted."""
        return self._address


class MortalHere(MortalClient):
    """A client whose process may die."""

    address = HERE


class MortalThere(MortalClient):
    """One of the other server."""

    address = THERE


def two() -> tuple[World, World, list[FakeClient]]:
    """Make a lab with two servers of one provider, and a client of each."""
    here, there = World(), World()
    return here, there, [At(HERE, here, "lab1"), At(THERE, there, "lab2")]


async def test_targets_name_clients() -> None:
    """A job runs on the client that its target names, and says so; its reference says who it is."""
    here, there, clients = two()
    async with Scheduler(*clients, limits=QUICK) as scheduler:
        events = scheduler.events()
        job = await scheduler.submit(PROGRAM, shots=1, on="lab1:one")
        sweep = scheduler.sweep(PROGRAM, qa.grid(x=range(3)), shots=1, on="lab2:one")
        assert (job.target, sweep.target) == ("lab1:one", "lab2:one")
        assert {point.ref.provider for point in await sweep if point.ref} == {"fake"}
        await job
        for target in ("fake:one", "lab3:one", None):
            with pytest.raises(UnknownTargetError, match=r"client"):
                await scheduler.submit(PROGRAM, shots=1, on=target)
    assert (len(here.jobs), len(there.jobs)) == (1, 3)
    assert (job.ref.provider, job.ref.identity) == ("fake", identity_of(HERE))
    told = [event async for event in events]
    assert {event.target for event in told} == {"lab1:one", "lab2:one"}
    assert {event.provider for event in told} == {"lab1", "lab2"}


async def test_a_batch_is_opened_by_the_client_that_is_named() -> None:
    """Its jobs go there as well."""
    here, there, clients = two()
    async with (
        Scheduler(*clients, limits=QUICK) as scheduler,
        scheduler.open_batch(PROGRAM, on="lab2:one") as batch,
    ):
        job = await batch.submit(shots=1)
        assert (batch.target, job.target) == ("lab2:one", "lab2:one")
        assert batch.ref.provider == "fake"
    assert (len(here.batches), len(there.batches)) == (0, 1)


async def test_limits_are_each_clients_own() -> None:
    """A queue with two places takes two jobs of each client."""
    here, there = World(), World()
    slow = [
        FakeClient(run_time=lambda _: 0.02, world=world, name=name)
        for world, name in ((here, "lab1"), (there, "lab2"))
    ]
    limits = qa.Limits(min_poll_interval=0.005, jobs_in_flight=2)
    async with Scheduler(*slow, limits=limits) as scheduler:
        for name in ("lab1", "lab2"):
            scheduler.sweep(PROGRAM, qa.grid(x=range(6)), shots=1, on=f"{name}:one")
    assert (here.peak, there.peak) == (2, 2)


def test_two_clients_of_one_name_are_refused() -> None:
    """Whether it is the provider's or one of their own, the remedy is a name."""
    for name in ("fake", "lab"):
        with pytest.raises(ConfigurationError, match=f"called '{name}'") as refusal:
            Scheduler(FakeClient(name=name), FakeClient(name=name))
        assert 'name="' in str(refusal.value.__notes__)


@pytest.mark.parametrize("provider", MAKERS)
def test_every_client_takes_a_name(provider: str) -> None:
    """Built by hand or from the environment; its provider stays, and so does its identity."""
    kind, environ = ENVIRONMENTS[provider]
    for named, usual in (
        (MAKERS[provider]("lab2"), MAKERS[provider](None)),
        (kind.from_env(environ, name="lab2"), kind.from_env(environ)),  # type: ignore[call-arg]
    ):
        assert (named.name, named.provider) == ("lab2", provider)
        assert (usual.name, usual.provider, kind.name) == (provider, provider, provider)
        assert named.identity == usual.identity
    twin = quantum_async.blocking.LocalClient(name="lab2")
    assert (twin.name, twin.provider) == ("lab2", "local")


@pytest.mark.parametrize("name", ["", "lab:2", "lab 2", " lab", "lab\n", 5, b"lab"])
@pytest.mark.parametrize("provider", MAKERS)
def test_a_name_that_no_target_could_begin_with_is_refused(provider: str, name: object) -> None:
    """By the constructor, before anything else."""
    with pytest.raises(InvalidOptionError, match="cannot be called"):
        MAKERS[provider](name)  # type: ignore[arg-type]


def test_a_workspace_is_named_beside_its_client() -> None:
    """Microsoft's own word for a workspace stays where nothing else names it."""
    client = qa.AzureClient(workspace="work", name="lab2")
    assert (client.name, client.workspace.name) == ("lab2", "work")
    alone = qa.AzureClient(name="work")
    assert (alone.name, alone.workspace.name) == ("azure", "work")


async def test_devices_name_their_client() -> None:
    """A device's target can be passed on as it is."""
    client = qa.LocalClient(name="mine")
    async with Scheduler(client, qa.LocalClient()) as scheduler:
        target = next(d.target for d in await client.devices() if d.name == "statevector")
        assert target == "mine:statevector"
        job = await scheduler.submit(
            "OPENQASM 3; bit[1] c; qubit[1] q; c = measure q;", shots=3, on=target
        )
        assert job.target == target
        assert (await job).shots == 3


async def test_a_renamed_client_adopts_its_work(tmp_path: Path) -> None:
    """A reference and a named sweep find their server whatever its client is called now."""
    here = World()
    path = tmp_path / "jobs.db"
    async with Scheduler(At(HERE, here, "lab1"), limits=QUICK, journal=path) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=1)
        await scheduler.sweep(PROGRAM, qa.grid(x=range(4)), shots=1, on="lab1:one", name="s")
    there = World()
    clients = [At(THERE, there, "lab1"), At(HERE, here, "lab2")]
    async with Scheduler(*clients, limits=QUICK, journal=path) as scheduler:
        adopted = await scheduler.adopt(replace(job.ref, journal=None))
        assert adopted.target == "lab2:one"
        assert (await adopted).shots == 1
        again = await scheduler.sweep(
            PROGRAM, qa.grid(x=range(4)), shots=1, on="lab2:one", name="s"
        )
        assert not again.errors
    assert (len(here.jobs), len(there.jobs)) == (5, 0)


async def test_what_a_process_left_goes_on_at_its_own_server(tmp_path: Path) -> None:
    """Two clients of one provider and account: each takes over what is at its server."""
    path = str(tmp_path / "jobs.db")
    worlds = {HERE: World(), THERE: World()}
    for kind in (MortalHere, MortalThere):
        power = Power("after poll")
        client = kind(power, world=worlds[kind.address], run_time=lambda _: 60)
        journal = MortalJournal(SqlJournal(path), power)
        limits = qa.Limits(min_poll_interval=1.0)
        async with (
            until_dead(power),
            Scheduler(client, limits=limits, journal=journal, grace=0.05) as scheduler,
        ):
            await scheduler.open_batch(PROGRAM, on="fake:one", name="b").open()
            await scheduler.submit(PROGRAM, shots=1)
    for world in worlds.values():
        for job in world.jobs.values():
            job.run_time = 0.0
    clients = [At(HERE, worlds[HERE], "lab1"), At(THERE, worlds[THERE], "lab2")]
    async with Scheduler(*clients, limits=QUICK, journal=path) as scheduler:
        jobs = await scheduler.resume()
        assert sorted(job.target for job in jobs) == ["lab1:one", "lab2:one"]
        for job in jobs:
            assert (await job).shots == 1
    assert [len(world.jobs) for world in worlds.values()] == [1, 1]
    assert [list(world.batches.values()) for world in worlds.values()] == [["closed"]] * 2


async def test_a_reference_that_could_be_anywhere_is_followed_nowhere() -> None:
    """Without its server it is the unnamed client's, as before there were names, or nobody's."""
    here, there, clients = two()
    ref = JobRef("fake", "job-0", "one")
    async with Scheduler(*clients, limits=QUICK) as scheduler:
        with pytest.raises(ConfigurationError, match="lab1, lab2"):
            await scheduler.adopt(ref)
    assert not here.calls["poll"] + there.calls["poll"]
    clients = [At(HERE, here), At(THERE, there, "lab2")]
    async with Scheduler(*clients, limits=QUICK) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=1, on="fake:one")
        await job
        assert (await scheduler.adopt(replace(job.ref, identity=""))).target == "fake:one"


async def test_a_reference_of_a_third_server_is_refused() -> None:
    """Two clients of its provider are there, and neither is asked for it."""
    _, _, clients = two()
    ref = JobRef("fake", "job-0", "one", identity=identity_of("https://third.example"))
    async with Scheduler(*clients, limits=QUICK) as scheduler:
        with pytest.raises(ConfigurationError, match=r"third\.example"):
            await scheduler.adopt(ref)


@pytest.mark.parametrize("has_journal", [False, True], ids=["memory", "journal"])
async def test_each_client_has_a_budget_of_its_own(tmp_path: Path, *, has_journal: bool) -> None:
    """One that is spent stops that client alone."""
    here, there = At(HERE, World(), "here"), At(THERE, World(), "there")
    budget = {"here": qa.Budget(jobs=1), "there": qa.Budget(shots=5)}
    journal = tmp_path / "jobs.db" if has_journal else None
    async with Scheduler(here, there, limits=QUICK, journal=journal, budget=budget) as scheduler:
        await (await scheduler.submit(PROGRAM, shots=9, on="here:one"))
        with pytest.raises(BudgetExceededError, match="jobs"):
            await scheduler.submit(PROGRAM, shots=9, on="here:one")
        await (await scheduler.submit(PROGRAM, shots=5, on="there:one"))
        with pytest.raises(BudgetExceededError, match="shots"):
            await scheduler.submit(PROGRAM, shots=1, on="there:one")
    assert (len(here.world.jobs), len(there.world.jobs)) == (1, 1)


async def test_a_clients_budget_counts_all_processes_of_a_journal(tmp_path: Path) -> None:
    """What an earlier one has sent there is spent; what was refused there, or sent elsewhere, is not."""
    world = World()
    refusing = At(HERE, world, "here")
    refusing._faults = {"submit": deque([RejectedRequestError("no", status=409)])}
    for client, on in ((refusing, "here"), (At(THERE, World(), "there"), "there")):
        async with Scheduler(client, limits=QUICK, journal=tmp_path / "jobs.db") as scheduler:
            if client is refusing:
                with pytest.raises(RejectedRequestError):
                    await scheduler.submit(PROGRAM, shots=1, on=f"{on}:one")
            await (await scheduler.submit(PROGRAM, shots=1, on=f"{on}:one"))
    again = At(HERE, world, "again")
    budget = {"again": qa.Budget(jobs=2)}
    async with Scheduler(
        again, limits=QUICK, journal=tmp_path / "jobs.db", budget=budget
    ) as scheduler:
        await (await scheduler.submit(PROGRAM, shots=1))
        with pytest.raises(BudgetExceededError, match=HERE):
            await scheduler.submit(PROGRAM, shots=1)


async def test_what_a_clients_jobs_have_cost_is_counted_there(tmp_path: Path) -> None:
    """Costs are known afterwards: the first submission beyond the limit is the last of that client."""

    class Costly(At):
        def _states(self, jobs):
            cost = qa.Cost(3.0, "EUR")
            found = super()._states(jobs)
            return {ref: replace(state, cost=cost) for ref, state in found.items()}

    for number in range(2):
        here, there = Costly(HERE, World(), "here"), At(THERE, World(), "there")
        budget = {"here": qa.Budget(cost=2.0)}
        async with Scheduler(
            here, there, limits=QUICK, journal=tmp_path / "jobs.db", budget=budget
        ) as scheduler:
            if number == 0:
                await (await scheduler.submit(PROGRAM, shots=1, on="here:one"))
            with pytest.raises(BudgetExceededError, match="cost"):
                await scheduler.submit(PROGRAM, shots=1, on="here:one")
            await (await scheduler.submit(PROGRAM, shots=1, on="there:one"))


async def test_each_client_has_limits_of_its_own() -> None:
    """Those that are given for it, or else its provider's."""
    here, there = At(HERE, World(), "here"), At(THERE, World(), "there")
    for client in (here, there):
        client._run_time = lambda _: 5.0
    limits = {"here": qa.Limits(jobs_in_flight=2)}
    async with Scheduler(here, there, limits=limits) as scheduler:
        for on in ("here:one", "there:one"):
            scheduler.sweep(PROGRAM, qa.grid(x=range(8)), shots=1, on=on)
    assert (here.world.peak, there.world.peak) == (2, 8)


@pytest.mark.parametrize("setting", ["limits", "budget"])
def test_a_setting_of_a_client_that_is_not_there_is_refused(setting: str) -> None:
    """A misspelt name would set no limit at all."""
    value = {"limits": qa.Limits(), "budget": qa.Budget(jobs=1)}[setting]
    with pytest.raises(InvalidOptionError, match="nowhere"):
        Scheduler(FakeClient(), **{setting: {"nowhere": value}})
    with pytest.raises(InvalidOptionError, match=setting):
        Scheduler(FakeClient(), **{setting: {"fake": 3}})
