"""How programs end: jobs here never do, so whatever ends a program was meant to."""

from __future__ import annotations

import signal
import sys

import pytest

from tests.blocking.script import run

pytestmark = pytest.mark.processes

INT, TERM = signal.SIGINT, signal.SIGTERM

WAITS = {
    "result": "jobs[0].result()",
    "sweep": """
    for point in scheduler.sweep(PROGRAM, qa.grid(a=range(20)), shots=1):
        pass
""",
    "sweep result": "scheduler.sweep(PROGRAM, qa.grid(a=range(20)), shots=1).result()",
    "as completed": """
    for job in scheduler.as_completed(jobs):
        pass
""",
    "draining": "",
    "own code": "say('waiting'); time.sleep(1_000_000)",
}


def program(
    wait: str = "jobs[0].result()", *, scheduler: str = "", client: str = "FakeClient"
) -> str:
    return f"""
fake = {client}(run_time=endless)
atexit.register(lambda: say("uncancelled", uncancelled(fake)))
with qa.Scheduler(fake, {scheduler}) as scheduler:
    jobs = [scheduler.submit(PROGRAM, shots=1) for _ in range(3)]
    say_once_it_waits()
    {wait.strip() or "pass"}
say("never said")
"""


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS)
def test_an_interrupt_cancels_what_the_block_owns(wait: str) -> None:
    """Ctrl-C ends any wait, cancels every job of the block, and says so."""
    ended = run(program(wait), waiting=INT)
    assert ended.code == -INT
    assert "uncancelled 0" in ended.out
    assert "never said" not in ended.out
    assert ended.err.rstrip().endswith("No job was left running: each had ended or was cancelled.")
    assert "KeyboardInterrupt" in ended.err


def test_an_interrupt_follows_the_policy() -> None:
    """With ``on_cancel="detach"`` the jobs go on, and the interrupt names them."""
    ended = run(program(scheduler='on_cancel="detach"'), waiting=INT)
    assert "uncancelled 3" in ended.out
    assert "Left running: fake:one/job-0, fake:one/job-1, fake:one/job-2" in ended.err


def test_a_second_interrupt_leaves_at_once() -> None:
    """While cancelling does not end, a second Ctrl-C ends the program and names what may run."""
    code = program(scheduler="grace=1_000_000.0", client="Stubborn")
    ended = run(code, waiting=INT, cancelling=INT)
    assert ended.code == -INT
    assert "may still be running: fake:one/job-0, fake:one/job-1, fake:one/job-2" in ended.err


def test_grace_bounds_a_stubborn_provider() -> None:
    """A provider that never answers holds up an interrupted program for ``grace`` only."""
    ended = run(program(scheduler="grace=0.5", client="Stubborn"), waiting=INT)
    assert "cancelling" in ended.out
    assert "May still be running: fake:one/job-0" in ended.err


def test_sigterm_ends_a_script_by_its_policy() -> None:
    """SIGTERM cancels like Ctrl-C, tells what was left on standard error, and exits with 143."""
    ended = run(program(), waiting=TERM)
    assert ended.code == 128 + TERM
    assert "uncancelled 0" in ended.out
    assert "quantum_async: No job was left running" in ended.err


def test_a_second_sigterm_leaves_at_once() -> None:
    """A second SIGTERM does not wait for a provider that does not answer."""
    code = program(scheduler="grace=1_000_000.0", client="Stubborn")
    ended = run(code, waiting=TERM, cancelling=TERM)
    assert ended.code == 128 + TERM
    assert "may still be running: fake:one/job-0" in ended.err


def test_a_programs_own_sigterm_handler_stays() -> None:
    """Somebody else's handler is left alone."""
    own = "signal.signal(signal.SIGTERM, lambda *_: (say('mine'), os._exit(7)))\n"
    ended = run(own + program(), waiting=TERM)
    assert (ended.code, "mine" in ended.out) == (7, True)


def test_sigterm_is_given_back_after_the_block() -> None:
    """Outside a block SIGTERM does what it always does."""
    ended = run(
        """
with qa.Scheduler(FakeClient()) as scheduler:
    assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
say("done")
"""
    )
    assert (ended.code, ended.out) == (0, "done\n")


@pytest.mark.parametrize(
    "leaving",
    [
        "scheduler.__exit__(None, None, None)",
        "thread = threading.Thread(target=scheduler.__exit__, args=(None, None, None)); "
        "thread.start(); thread.join()",
        "import warnings; warnings.simplefilter('ignore'); del scheduler",
    ],
    ids=["left", "left by another thread", "dropped"],
)
def test_sigterm_is_given_back_however_a_block_ends(leaving: str) -> None:
    """Once no block is open, SIGTERM ends the process as if there had never been one."""
    ended = run(
        f"""
scheduler = qa.Scheduler(FakeClient())
scheduler.__enter__()
{leaving}
say("waiting")
time.sleep(1_000_000)
""",
        waiting=TERM,
    )
    assert ended.code == -TERM


def test_an_interrupt_while_submitting_leaves_no_job() -> None:
    """A submission that is interrupted half-way is cancelled as soon as it is accepted."""
    ended = run(
        """
class Reached(FakeClient):
    async def submit(self, request):
        say("waiting")
        return await super().submit(request)

fake = Reached(run_time=endless, latency=0.5)
atexit.register(lambda: say("uncancelled", uncancelled(fake), "of", len(fake.world.jobs)))
with qa.Scheduler(fake) as scheduler:
    scheduler.submit(PROGRAM, shots=1)
""",
        waiting=INT,
    )
    assert "uncancelled 0 of 1" in ended.out


def test_an_interrupt_of_a_wait_can_be_caught() -> None:
    """An interrupted wait leaves its job alone: who catches the interrupt can wait again."""
    ended = run(
        """
fake = FakeClient(run_time=endless)
with qa.Scheduler(fake) as scheduler:
    job = scheduler.submit(PROGRAM, shots=1)
    try:
        say_once_it_waits()
        job.result()
    except KeyboardInterrupt as stop:
        say(*stop.__notes__)
    end_all(fake)
    say(job.result().shots, "shot")
""",
        waiting=INT,
    )
    assert ended.code == 0
    assert "not finished yet: fake:one/job-0" in ended.out
    assert "1 shot" in ended.out


def test_the_end_of_the_program_cancels_what_is_open() -> None:
    """A scheduler that was entered and never left is left by its policy when Python exits."""
    ended = run(
        """
fake = FakeClient(run_time=endless)
atexit.register(lambda: say("uncancelled", uncancelled(fake)))
scheduler = qa.Scheduler(fake)
scheduler.__enter__()
scheduler.submit(PROGRAM, shots=1)
"""
    )
    assert (ended.code, ended.out, ended.err) == (0, "uncancelled 0\n", "")


def test_the_end_of_the_program_names_what_it_detaches() -> None:
    """What goes on by policy after the program's end is named on standard error."""
    ended = run(
        """
scheduler = qa.Scheduler(FakeClient(run_time=endless), on_cancel="detach")
scheduler.__enter__()
scheduler.submit(PROGRAM, shots=1)
"""
    )
    assert ended.err == "quantum_async: Left running: fake:one/job-0\n"


def test_a_waiting_daemon_thread_does_not_hold_up_the_end() -> None:
    """A daemon thread in the middle of a wait does not keep the program alive."""
    ended = run(
        """
fake = FakeClient(run_time=endless)
atexit.register(lambda: say("uncancelled", uncancelled(fake)))
scheduler = qa.Scheduler(fake)
scheduler.__enter__()
job = scheduler.submit(PROGRAM, shots=1)
def wait():
    try:
        job.result()
    except qa.QuantumAsyncError:
        pass
waiting = threading.Thread(target=wait, daemon=True)
waiting.start()
until(lambda: is_in_a_wait(waiting))
"""
    )
    assert (ended.code, ended.out) == (0, "uncancelled 0\n")


def test_other_threads_finish_after_the_main_one() -> None:
    """Python lets ordinary threads finish; the facade works for them until they have."""
    ended = run(
        """
class Ending(FakeClient):
    async def poll(self, jobs, *, wait=0.0):
        # Python joins ordinary threads only once the main one has ended.
        if is_ending.is_set():
            end_all(self)
        return await super().poll(jobs, wait=wait)

is_ending = threading.Event()
def work():
    with qa.Scheduler(Ending(run_time=endless)) as scheduler:
        say(scheduler.submit(PROGRAM, shots=3).result().shots, "shots")
# Of what is registered there the last is called first: after the facade has had its turn.
threading._register_atexit(is_ending.set)
working = threading.Thread(target=work)
working.start()
until(lambda: existing_portal() and is_in_a_wait(working))
"""
    )
    assert (ended.code, ended.out, ended.err) == (0, "3 shots\n", "")


def test_a_dropped_scheduler_is_cancelled_with_a_warning() -> None:
    """A scheduler that nobody can leave any more is left by its policy, and says so."""
    ended = run(
        """
import gc, warnings
warnings.simplefilter("always")
fake = FakeClient(run_time=endless)
scheduler = qa.Scheduler(fake)
scheduler.__enter__()
job = scheduler.submit(PROGRAM, shots=1)
del scheduler, job
gc.collect()
until(lambda: not uncancelled(fake))
say("uncancelled", uncancelled(fake))
"""
    )
    assert ended.out == "uncancelled 0\n"
    assert "ResourceWarning: Scheduler was dropped without leaving its block" in ended.err


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_forked_process_starts_anew() -> None:
    """A child's old handles are refused with the remedy, new ones work, and nothing is cancelled."""
    ended = run(
        """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)
fake = FakeClient(run_time=endless)
with qa.Scheduler(fake) as scheduler:
    job = scheduler.submit(PROGRAM, shots=1)
    pid = os.fork()
    if pid == 0:
        try:
            job.result()
        except qa.FacadeError as error:
            say("child:", error.remedy)
        with qa.Scheduler(FakeClient()) as mine:
            say("child:", mine.submit(PROGRAM, shots=5).result().shots, "shots")
    else:
        os.waitpid(pid, 0)
        end_all(fake)
        say("parent:", job.result().shots, "shot")
"""
    )
    assert ended.out.splitlines() == [
        "child: Make new clients and a new scheduler in the forked process.",
        "child: 5 shots",
        "parent: 1 shot",
    ]
    assert (ended.code, ended.err) == (0, "")
