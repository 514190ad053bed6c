"""What a scheduler is given is checked where it is given: nothing wrong is taken for something else."""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
from decimal import Decimal
from pathlib import Path

import anyio
import numpy as np
import pytest

import quantum_async as qa
import quantum_async.blocking
from quantum_async.errors import ConfigurationError, InvalidInputError, InvalidOptionError
from quantum_async.http.timeouts import Timeouts
from quantum_async.scheduler.scheduler import Scheduler
from tests.scheduler.fake import PROGRAM, FakeClient

NAN, INF = float("nan"), float("inf")
NO_NUMBERS = {
    "nan": NAN,
    "negative": -1.0,
    "text": "10",
    "bool": True,
    "list": [1.0],
    "complex": 1j,
    "decimal": Decimal(1),
    "numpy nan": np.float64("nan"),
    "very negative": -(10**400),
}


def described(settings: dict[str, object]) -> str:
    """Name a case; without addresses, which differ between processes."""
    return " ".join(
        f"{name}={value!r:.30}".partition(" at 0x")[0] for name, value in settings.items()
    )


@pytest.mark.parametrize(
    ("client", "remedy"),
    [
        ("local", "LocalClient()"),
        (qa.LocalClient, "Scheduler(LocalClient(...))"),
        (None, "LocalClient"),
        (3, "LocalClient"),
        ([FakeClient()], "one by one"),
        ({"lab": FakeClient()}, "LocalClient"),
        (qa.Program("OPENQASM 3;", qa.ProgramFormat.QASM3), "LocalClient"),
        (quantum_async.blocking.LocalClient(), "quantum_async.blocking together"),
    ],
    ids=["a word", "a class", "None", "a number", "a list", "a mapping", "a program", "blocking"],
)
def test_what_is_no_client_is_refused(client: object, remedy: str) -> None:
    """By the constructor, wherever it stands among clients, with what to write instead."""
    for clients in ((client,), (FakeClient(), client)):
        with pytest.raises(ConfigurationError, match="runs jobs on clients") as refusal:
            Scheduler(*clients)  # type: ignore[arg-type]
        assert remedy in str(refusal.value.__notes__)


@pytest.mark.parametrize(
    "settings",
    [
        *({"grace": value} for value in (*NO_NUMBERS.values(), INF, None)),
        *({"limits": value} for value in (3, "3", {"jobs_in_flight": 3}, qa.Limits)),
        *({"budget": value} for value in (3, "3", {"jobs": 3}, qa.Budget, qa.Limits())),
        *({"journal": value} for value in (3, True, b"jobs.db", "", ["jobs.db"], qa.Limits())),
        *({"on_cancel": value} for value in ("stop", "", None, True, "Cancel")),
        *({"on_unknown": value} for value in ("twice", "", None, 1)),
        *(
            {"cancel_on": value}
            for value in (True, 3, "now", threading.Event, multiprocessing.Event(), object())
        ),
    ],
    ids=described,
)
def test_a_setting_that_is_none_is_refused(settings: dict[str, object]) -> None:
    """By the constructor, by name; the blocking twin does the same."""
    (name,) = settings
    for make in (
        lambda: Scheduler(FakeClient(), **settings),  # type: ignore[arg-type]
        lambda: quantum_async.blocking.Scheduler(FakeClient(), **settings),  # type: ignore[arg-type]
    ):
        with pytest.raises(InvalidOptionError, match=name.partition("_")[0]) as refusal:
            make()
        assert refusal.value.__notes__


def test_settings_that_are_some_are_taken(tmp_path: Path) -> None:
    """In every form that means one."""
    for settings in (
        {"grace": 0},
        {"grace": np.int64(3)},
        {"journal": tmp_path / "jobs.db"},
        {"journal": str(tmp_path / "jobs.db")},
        {"cancel_on": threading.Event()},
        {"cancel_on": anyio.Event()},
        {"cancel_on": asyncio.Event()},
        {"limits": qa.Limits(patience=INF, max_poll_interval=INF)},
        {"budget": qa.Budget(jobs=0, credits=0.5)},
    ):
        Scheduler(FakeClient(), **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_limits_and_budgets_are_numbers(value: object) -> None:
    """Every one of their fields is checked, for its kind as well as for its size."""
    for name in qa.Limits.__slots__:
        with pytest.raises(InvalidOptionError, match=name):
            qa.Limits(**{name: value})  # type: ignore[arg-type]
    for name in qa.Budget.__slots__:
        with pytest.raises(InvalidOptionError, match=name):
            qa.Budget(**{name: value})  # type: ignore[arg-type]
    for name in Timeouts.__slots__:
        with pytest.raises(InvalidOptionError, match=name):
            Timeouts(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [2.5, INF])
def test_counts_are_whole(value: float) -> None:
    """Two and a half jobs in flight are none."""
    with pytest.raises(InvalidOptionError, match="whole number"):
        qa.Limits(jobs_in_flight=value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", NO_NUMBERS.values(), ids=NO_NUMBERS)
async def test_a_time_to_wait_is_a_number(value: object) -> None:
    """Waiting for no such time is refused, and the job goes on."""
    async with Scheduler(FakeClient()) as scheduler:
        job = await scheduler.submit(PROGRAM, shots=1)
        with pytest.raises(InvalidOptionError, match="timeout"):
            await job.result(timeout=value)  # type: ignore[arg-type]
        assert (await job.result(timeout=INF)).shots == 1


def test_a_blocking_calls_time_is_a_number() -> None:
    """Every call takes one, and refuses what is none before it begins."""
    with quantum_async.blocking.Scheduler(FakeClient()) as scheduler:
        for value in NO_NUMBERS.values():
            with pytest.raises(InvalidOptionError, match="timeout"):
                scheduler.submit(PROGRAM, shots=1, timeout=value)  # type: ignore[arg-type]
        assert scheduler.unfinished == ()


@pytest.mark.parametrize(
    "arguments",
    [
        {"on_error": "ignore"},
        {"on_error": None},
        {"on_error": True},
        {"name": ""},
        {"name": 5},
        {"on": 5},
        {"on": ""},
        {"on": b"fake:one"},
        {"shots": "3"},
        {"options": {"seed": 1}},
    ],
    ids=described,
)
async def test_arguments_of_a_sweep_are_checked(arguments: dict[str, object]) -> None:
    """The call itself refuses a word or a kind that it does not know."""
    async with Scheduler(FakeClient()) as scheduler:
        with pytest.raises(InvalidInputError):
            scheduler.sweep(PROGRAM, qa.grid(x=[1]), **{"shots": 1} | arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "arguments",
    [
        {"variables": [0.5]},
        {"variables": "x"},
        {"variables": {1: 0.5}},
        {"variables": {"x": None}},
        {"cancel_on": True},
        {"cancel_on": multiprocessing.Event()},
        {"on": 5},
        {"options": "seed"},
    ],
    ids=described,
)
async def test_arguments_of_a_job_are_checked(arguments: dict[str, object]) -> None:
    """A mistake fails its own call, and nobody else's."""
    client = FakeClient()
    async with Scheduler(client) as scheduler:
        other = await scheduler.submit(PROGRAM, shots=1)
        with pytest.raises(InvalidInputError):
            await scheduler.submit(PROGRAM, **{"shots": 1} | arguments)  # type: ignore[arg-type]
        assert (await other).shots == 1
    assert len(client.world.jobs) == 1
