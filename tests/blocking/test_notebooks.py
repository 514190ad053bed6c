"""The notebooks run in a real kernel, with the same results, and a cell can be stopped."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient

from quantum_async.blocking._session import PATIENCE
from quantum_async.sandbox import BlockingSandbox

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "docs" / "notebooks"
# What zmq, tornado and a kernel's shutdown warn of is theirs to mend.
pytestmark = [
    pytest.mark.notebooks,
    pytest.mark.filterwarnings("default"),
]


def executed(name: str, folder: Path) -> nbformat.NotebookNode:
    """Run a notebook in a folder, where its journal is."""
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}})
    return client.execute()


def texts(notebook: nbformat.NotebookNode) -> list[str]:
    """The plain text of each cell's result, without ids, which differ from run to run."""
    return [
        output["data"]["text/plain"]
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "execute_result" and "<Job" not in output["data"]["text/plain"]
    ]


def pictures(notebook: nbformat.NotebookNode) -> int:
    return sum(
        "image/png" in output.get("data", {})
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    )


def test_both_notebooks_run_with_the_same_results(tmp_path: Path) -> None:
    """The blocking notebook and the one that awaits show the same values and plots, again as well."""
    folders = [tmp_path / name for name in ("blocking", "async")]
    for folder in folders:
        folder.mkdir()
    blocking, waiting = (executed(folder.name, folder) for folder in folders)
    assert texts(executed("blocking", folders[0])) == texts(blocking)
    assert texts(blocking) == texts(waiting)
    assert len(texts(blocking)) >= 4
    assert pictures(blocking) == pictures(waiting) == 3
    shown = json.dumps(blocking)
    assert "<script" not in shown
    assert "http://" not in shown.replace("http://www.w3.org", "")


def test_the_notebooks_are_committed_without_outputs() -> None:
    """Outputs are made where they are read, so that a change of a notebook shows in its diff."""
    for path in NOTEBOOKS.glob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        assert code
        assert all(not cell.outputs and cell.execution_count is None for cell in code)


class Kernel:
    """A kernel whose cells can be run, watched and stopped."""

    def __init__(self) -> None:
        self.manager, self.client = start_new_kernel(kernel_name="python3", cwd=str(ROOT))

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def begin(self, code: str) -> str:
        return self.client.execute(code)

    def published(self, cell: str, until: Callable[[dict], bool]) -> list[dict]:
        """The messages that the cell publishes, up to one."""
        found: list[dict] = []
        while not (found and until(found[-1])):
            message = self.client.get_iopub_msg()
            if message["parent_header"].get("msg_id") == cell:
                found.append(message)
        return found

    def finish(self, cell: str) -> tuple[dict, list[dict]]:
        """The cell's reply, and the messages that it publishes from here on."""
        found = self.published(cell, lambda m: m["content"].get("execution_state") == "idle")
        while True:
            reply = self.client.get_shell_msg()
            if reply["parent_header"].get("msg_id") == cell:
                return reply["content"], found

    def run(self, code: str) -> str:
        """Run a cell and return what it has printed."""
        reply, published = self.finish(self.begin(code))
        assert reply["status"] == "ok", reply
        return "".join(
            message["content"]["text"]
            for message in published
            if message["msg_type"] == "stream" and message["content"]["name"] == "stdout"
        )


@pytest.fixture(scope="module")
def kernel():
    """One kernel for the tests of this module; each begins with imports of its own."""
    opened = Kernel()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def running():
    """A sandbox whose jobs take long and are not simulated."""
    with BlockingSandbox(
        simulate=False, job_time="1h", services=("pasqal",), parallel=True
    ) as opened:
        yield opened


SETUP = """
import asyncio
loop = asyncio.get_running_loop()
before = type(loop), loop.run_forever.__func__, loop.get_task_factory(), asyncio.run
import quantum_async.blocking as qa
from tests.providers.pasqal.real import rabi
sequence = rabi()
"""


def test_a_stopped_sweep_ends_and_its_jobs_with_it(kernel, running) -> None:
    """The stop button ends a 500-job wait; the jobs end, and the next cell works."""
    kernel.run(PASQAL.format(environment=running.env("pasqal")))
    cell = kernel.begin(STOPPED)
    kernel.published(cell, is_progress)
    while running.stats()["pasqal"]["jobs_created"] < 500:
        time.sleep(0.05)
    kernel.manager.interrupt_kernel()
    reply, published = kernel.finish(cell)
    assert (reply["status"], reply["ename"]) == ("error", "KeyboardInterrupt")
    error = next(m["content"] for m in published if m["msg_type"] == "error")
    assert "No job was left running" in "".join(error["traceback"])
    assert running.stats()["pasqal"]["jobs_running"] == 0
    assert kernel.run("print(1 + 1)") == "2\n"
    assert kernel.run(UNTOUCHED) == "True\n"


def test_a_stopped_cell_goes_on_where_it_was(kernel, running, tmp_path) -> None:
    """With a journal, a name and ``detach`` the same cell follows what it has sent, and sends nothing."""
    running.reset()
    kernel.run(PASQAL.format(environment=running.env("pasqal")))
    code = KEPT.format(journal=str(tmp_path / "jobs.db"))
    for _ in range(2):
        cell = kernel.begin(code)
        kernel.published(cell, is_progress)
        while running.stats()["pasqal"]["jobs_created"] < 40:
            time.sleep(0.05)
        kernel.manager.interrupt_kernel()
        reply, _ = kernel.finish(cell)
        assert (reply["status"], reply["ename"]) == ("error", "KeyboardInterrupt")
        assert running.stats()["pasqal"]["jobs_running"] == 40
    assert running.stats()["pasqal"]["jobs_created"] == 40


def test_a_stopped_wait_leaves_an_open_scheduler_alone(kernel) -> None:
    """A scheduler of an earlier cell stays open: a stopped wait says so, and can be repeated."""
    kernel.run(
        "import contextlib, quantum_async.blocking as qa\n"
        "from tests.scheduler.fake import FakeClient, PROGRAM\n"
        "stack = contextlib.ExitStack()\n"
        "fake = FakeClient(run_time=lambda _: float('inf'))\n"
        "scheduler = stack.enter_context(qa.Scheduler(fake))\n"
        "job = scheduler.submit(PROGRAM, shots=3)"
    )
    cell = kernel.begin("job.result()")
    kernel.published(cell, is_progress)
    kernel.manager.interrupt_kernel()
    reply, published = kernel.finish(cell)
    assert reply["ename"] == "KeyboardInterrupt"
    error = next(m["content"] for m in published if m["msg_type"] == "error")
    assert "not finished yet: fake:one/job-0" in "".join(error["traceback"])
    kernel.run("fake.world.jobs['job-0'].run_time = 0.0")
    assert kernel.run("print(job.result().shots); stack.close()") == "3\n"


def test_progress_is_shown_in_its_cell_and_ends(kernel, tmp_path) -> None:
    """A wait draws one output in the cell that waits, and its last state is the end."""
    drawn = tmp_path / "drawn"
    cell = kernel.begin(SWEEP.format(keywords="", released=str(drawn)))
    published = kernel.published(cell, is_progress)
    drawn.touch()
    reply, rest = kernel.finish(cell)
    published += rest
    assert reply["status"] == "ok"
    shown = [m for m in published if m["msg_type"] == "display_data"]
    updates = [m for m in published if m["msg_type"] == "update_display_data"]
    assert len(shown) == 1
    identity = shown[0]["content"]["transient"]["display_id"]
    assert {m["content"]["transient"]["display_id"] for m in updates} == {identity}
    assert "4 of 4" in updates[-1]["content"]["data"]["text/plain"]
    assert "4 of 4" in updates[-1]["content"]["data"]["text/html"]


def test_progress_can_be_switched_off(kernel, tmp_path) -> None:
    """With ``progress=False`` a cell shows nothing but its own output."""
    released = tmp_path / "released"
    cell = kernel.begin(SWEEP.format(keywords=", progress=False", released=str(released)))
    # Otherwise something would be shown by now; if the machine is slow, later, which is fine.
    time.sleep(3 * PATIENCE)
    released.touch()
    reply, published = kernel.finish(cell)
    assert reply["status"] == "ok"
    assert not [m for m in published if m["msg_type"] == "display_data"]


def is_progress(message: dict) -> bool:
    """Whether a wait has gone on for long enough to be drawn."""
    return message["msg_type"] == "display_data"


SWEEP = """
from pathlib import Path
import quantum_async.blocking as qa
from tests.scheduler.fake import *

class Held(FakeClient):
    async def poll(self, jobs, *, wait=0.0):
        if Path({released!r}).exists():
            for job in self.world.jobs.values():
                job.run_time = 0.0
        return await super().poll(jobs, wait=wait)

client = Held(run_time=lambda _: float("inf"))
with qa.Scheduler(client{keywords}) as scheduler:
    for point in scheduler.sweep(PROGRAM, qa.grid(a=range(4)), shots=1):
        pass
"""

STOPPED = """
with qa.Scheduler(qa.PasqalClient.from_env(environment)) as scheduler:
    sweep = scheduler.sweep(sequence, qa.grid(omega=[5 + n / 500 for n in range(500)]),
                            shots=10, on="pasqal:EMU_FREE")
    results = sweep.result()
"""

KEPT = """
with qa.Scheduler(
    qa.PasqalClient.from_env(environment), journal={journal!r}, on_cancel="detach"
) as scheduler:
    sweep = scheduler.sweep(sequence, qa.grid(omega=[5 + n / 40 for n in range(40)]),
                            shots=10, on="pasqal:EMU_FREE", name="kept")
    results = sweep.result()
"""

PASQAL = SETUP.replace("{", "{{").replace("}", "}}") + "environment = {environment!r}\n"

UNTOUCHED = """
now = type(loop), loop.run_forever.__func__, loop.get_task_factory(), asyncio.run
print(before == now and asyncio.get_running_loop() is loop)
"""
