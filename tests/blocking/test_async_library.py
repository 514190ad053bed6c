"""The facade beside sniffio, which knows asyncio only inside a task, and errors of what is posted."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import anyio
import pytest

from quantum_async.blocking._portal import Call, Portal, Question, Ticket
from quantum_async.blocking._session import Block, Pump, Reporter, Session
from quantum_async.errors import FacadeError
from quantum_async.scheduler.scheduler import Scheduler
from tests.scheduler.fake import FakeClient

ROOT = Path(__file__).parents[2]

PATIENCE = 280
"""Longest time in seconds for a program on a busy machine; Qiskit and Pulser are slow to import."""

STAND_IN = '''
"""What sniffio answers, for an environment without it."""
import asyncio
import threading
from contextvars import ContextVar


class AsyncLibraryNotFoundError(RuntimeError):
    pass


class _Local(threading.local):
    name = None


thread_local = _Local()
current_async_library_cvar = ContextVar("current_async_library_cvar", default=None)


def current_async_library():
    name = thread_local.name or current_async_library_cvar.get()
    if name is None:
        try:
            is_in_task = asyncio.current_task() is not None
        except RuntimeError:
            is_in_task = False
        if not is_in_task:
            raise AsyncLibraryNotFoundError
        name = "asyncio"
    return name
'''

SCHEDULER = """
import quantum_async.blocking as qa
with qa.Scheduler(qa.LocalClient(seed=1)):
    print("entered")
"""

QISKIT = """
from quantum_async.integrations.qiskit import QuantumAsyncProvider
print(QuantumAsyncProvider("local").get_backend("statevector"))
"""

PULSER = """
from quantum_async.blocking import LocalClient
from quantum_async.integrations.pulser import PulserConnection
print(list(PulserConnection(LocalClient()).fetch_available_devices()))
"""

EVERYTHING = """
import quantum_async.blocking as qa
from tests.scheduler.fake import PROGRAM, FakeClient
with qa.Scheduler(FakeClient()) as scheduler:
    sweep = scheduler.sweep(PROGRAM, qa.grid(a=range(5)), shots=1)
    print(sorted(point.index for point in sweep), len(sweep.result()))
    with scheduler.open_batch(PROGRAM) as batch:
        print(batch.submit(shots=3).result(timeout=10).shots)
    print(len(list(scheduler.as_completed([scheduler.submit(PROGRAM, shots=1)]))))
"""

TRIO = """
import sniffio
import quantum_async.blocking as qa
from tests.scheduler.fake import PROGRAM, FakeClient
with qa.Scheduler(FakeClient()) as scheduler:
    sniffio.current_async_library_cvar.set("trio")
    print(scheduler.submit(PROGRAM, shots=3).result().shots)
"""

CLIENTS = """
import trio
import quantum_async as qa
from quantum_async.errors import ConfigurationError

async def main():
    for client in (
        qa.PasqalClient(token="t"),
        qa.AzureClient(api_key="k", endpoint="https://azure.example", name="workspace",
                       subscription_id="0" * 8 + "-0000" * 3 + "-" + "0" * 12, resource_group="g"),
        qa.IQMClient("https://iqm.example", token="t"),
        qa.QoroClient(api_key="k"),
    ):
        try:
            await client.open()
        except ConfigurationError as error:
            print(client.name, "asyncio" in str(error), "blocking" in error.remedy)
    async with qa.LocalClient() as client:
        print(len(await client.devices()) > 0)

trio.run(main)
"""


def run(code: str, folder: Path, *, with_sniffio: bool) -> str:
    """Run a program, in an environment where sniffio can be imported or one where it cannot."""
    if not with_sniffio:
        code = "import sys; sys.modules['sniffio'] = None\n" + code
    elif find_spec("sniffio") is None:
        (folder / "sniffio.py").write_text(STAND_IN)
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"},
        capture_output=True,
        text=True,
        timeout=PATIENCE - 10,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "Exception in callback" not in ended.stderr
    return ended.stdout


@pytest.mark.parametrize("with_sniffio", [True, False])
@pytest.mark.parametrize(
    "code",
    [SCHEDULER, EVERYTHING, QISKIT, PULSER],
    ids=["scheduler", "everything", "qiskit", "pulser"],
)
def test_the_blocking_doors_work_whether_sniffio_is_there_or_not(
    code, with_sniffio, tmp_path
) -> None:
    """Other packages bring it, and then anyio asks it which async library runs."""
    assert run(code, tmp_path, with_sniffio=with_sniffio)


def test_a_caller_under_another_async_library(tmp_path) -> None:
    """What the caller's context says of the async library does not reach the facade's loop."""
    assert run(TRIO, tmp_path, with_sniffio=True) == "3\n"


@pytest.mark.skipif(find_spec("trio") is None, reason="Trio is not installed")
def test_clients_under_trio(tmp_path) -> None:
    """Any client is made in a task of Trio's; one that needs asyncio says so when it is opened."""
    names = ("pasqal", "azure", "iqm", "qoro")
    expected = "".join(f"{name} True True\n" for name in names)
    assert run(CLIENTS, tmp_path, with_sniffio=True) == f"{expected}True\n"


@pytest.fixture
def portal():
    """A portal of the test's own."""
    opened = Portal()
    opened.start()
    yield opened
    opened.stop(5.0)


def fail(*_: object) -> None:
    """Fail."""
    raise ZeroDivisionError


class Uncancellable(Ticket[None]):
    """A wait whose end goes wrong."""

    def cancel(self) -> None:
        """Fail."""
        fail()


@pytest.mark.parametrize(
    "ticket",
    [Question(fail), Call(fail), Uncancellable(), Ticket()],
    ids=["question", "call", "cancel", "anything"],
)
def test_the_error_of_what_was_posted_reaches_who_waits(portal, ticket) -> None:
    """Whatever kind of thing was posted: nobody waits for one that has failed."""
    if isinstance(ticket, Call):
        portal.spawn(ticket)
    elif isinstance(ticket, Question):
        portal.post(ticket, ticket.run)
    elif isinstance(ticket, Uncancellable):
        portal.post(ticket, ticket.cancel)
    else:
        portal.post(ticket, fail)
    portal.wait(ticket, lambda: None)
    with pytest.raises(ZeroDivisionError):
        ticket.outcome()
    asked: Question[str] = Question(lambda: "still there")
    portal.post(asked, asked.run)
    portal.wait(asked, lambda: None)
    assert asked.outcome() == "still there"


def test_a_block_whose_task_does_not_start_is_not_waited_for(portal) -> None:
    """Entering raises the error of the task, although it waits for something else."""
    twin = Scheduler(FakeClient())
    block = Block(twin, Session(twin, portal=portal))
    # As when the loop cannot start a task: nothing of the block ever runs.
    portal.post(block.call, fail)
    with pytest.raises(ZeroDivisionError):
        block.enter(Reporter(twin))


def test_an_iteration_whose_task_has_ended_is_not_waited_for(portal) -> None:
    """Asking for an item raises the error that ended the iterator before it began."""
    pump: Pump[int] = Pump(fail, Session(None, portal=portal), Reporter(None))
    with pytest.raises(ZeroDivisionError):
        next(pump)


def test_a_call_that_waits_when_the_loop_ends_is_told_so() -> None:
    """It raises an error of ours, not asyncio's word for cancellation."""
    portal = Portal()
    portal.start()
    endless: Call[None] = Call(anyio.sleep_forever)
    portal.spawn(endless)
    asked: Question[None] = Question(lambda: None)
    portal.post(asked, asked.run)
    portal.wait(asked, lambda: None)
    portal.stop(5.0)
    with pytest.raises(FacadeError, match="was cancelled"):
        endless.outcome()
