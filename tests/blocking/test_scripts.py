"""How programs end: jobs here never do, so whatever ends a program was meant to."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

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


def test_what_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    """With a journal, a name and ``detach`` the same block again follows its jobs and sends no other."""
    ended = run(
        f"""
fake = FakeClient(run_time=endless)
def cell():
    with qa.Scheduler(fake, journal={str(tmp_path / "jobs.db")!r}, on_cancel="detach") as scheduler:
        return scheduler.sweep(PROGRAM, qa.grid(a=range(20)), shots=1, name="kept").result()
def watch(word):
    until(lambda: len(fake.world.jobs) == 20 and is_in_a_wait(threading.main_thread()))
    say(word)
for word in ("first", "second"):
    threading.Thread(target=watch, args=(word,), daemon=True).start()
    try:
        cell()
    except KeyboardInterrupt:
        say("stopped with", uncancelled(fake), "of", len(fake.world.jobs))
end_all(fake)
say("measured", len(cell()), "by", len(fake.world.jobs))
""",
        first=INT,
        second=INT,
    )
    assert ended.code == 0, ended.err
    assert ended.out.count("stopped with 20 of 20") == 2
    assert "measured 20 by 20" in ended.out


def test_a_second_interrupt_leaves_at_once() -> None:
    """While cancelling does not end, a second Ctrl-C ends the program and names what may run."""
    code = program(scheduler="grace=1_000_000.0", client="Stubborn")
    ended = run(code, waiting=INT, cancelling=INT)
    assert ended.code == -INT
    assert "may still be running: fake:one/job-0, fake:one/job-1, fake:one/job-2" in ended.err


def test_a_second_interrupt_names_everything_in_the_log() -> None:
    """The note is short, and the log has a line for each job that may run on."""
    code = program(scheduler="grace=1_000_000.0", client="Stubborn").replace(
        "range(3)", "range(14)"
    )
    ended = run(code, waiting=INT, cancelling=INT)
    assert "fake:one/job-9 and 4 more; the log names all" in ended.err
    lines = ended.err.splitlines()
    assert [f"May still be running: fake:one/job-{n}" in lines for n in range(14)] == [True] * 14


def test_a_second_interrupt_tells_what_was_cancelled_from_what_runs() -> None:
    """Jobs whose cancellation was accepted are not said to run on."""
    ended = run(
        """
class Slow(FakeClient):
    async def poll(self, jobs, *, wait=0.0):
        await anyio.sleep_forever()
class Late(Stubborn):
    async def cancel(self, jobs):
        while uncancelled(slow):
            await anyio.sleep(0.001)
        await super().cancel(jobs)
slow, late = Slow(run_time=endless, name="slow"), Late(run_time=endless, name="late")
with qa.Scheduler(slow, late, grace=1_000_000.0) as scheduler:
    for name in ("slow", "late"):
        jobs = [scheduler.submit(PROGRAM, shots=1, on=f"{name}:one") for _ in range(2)]
    say_once_it_waits()
    jobs[0].result()
""",
        waiting=INT,
        cancelling=INT,
    )
    assert ended.code == -INT
    notes = [line for line in ended.err.splitlines() if "running" in line and "Left" in line]
    (running,) = [note.partition("may still be running: ")[2] for note in notes]
    assert running == "late:one/job-0, late:one/job-1"
    assert "Cancelled, but not confirmed yet: slow:one/job-0, slow:one/job-1" in ended.err


@pytest.mark.parametrize("number", [INT, TERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_second_signal_names_submissions_that_are_under_way(number: signal.Signals) -> None:
    """What nobody knows to be accepted is counted, and found at the provider by its key."""
    ended = run(
        """
class Slow(FakeClient):
    async def submit(self, request):
        say("key", request.key)
        if len(keys.append(request.key) or keys) == 4:
            say("sending")
        await anyio.sleep_forever()
keys = []
fake = Slow().can(jobs_per_submission=5)
def watch():
    until(lambda: fake_is_leaving(scheduler))
    say("leaving")
def fake_is_leaving(scheduler):
    return any(lane.is_leaving for lane in scheduler._async._lanes)
with qa.Scheduler(fake, grace=1_000_000.0, limits=qa.Limits(requests_in_flight=4)) as scheduler:
    threading.Thread(target=watch, daemon=True).start()
    scheduler.sweep(PROGRAM, qa.grid(x=range(40)), shots=1).results()
""",
        sending=number,
        leaving=number,
    )
    assert ended.code == (-INT if number == INT else 128 + TERM)
    keys = [line.split()[1] for line in ended.out.splitlines() if line.startswith("key")]
    assert "20 jobs were under way, and may or may not have been accepted" in ended.err
    for key in keys[:4]:
        assert f"submission {key} of 5 jobs" in ended.err


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


def test_sigterm_ends_the_process_at_once_after_the_block() -> None:
    """Outside a block SIGTERM does what it always does: the process dies of it."""
    ended = run(
        """
with qa.Scheduler(FakeClient()) as scheduler:
    pass
say("done")
signal.raise_signal(signal.SIGTERM)
say("never")
"""
    )
    assert (ended.code, ended.out) == (-signal.SIGTERM, "done\n")


def test_sigterm_ends_a_block_of_another_thread_after_one_of_the_main_thread() -> None:
    """The main thread's own block takes nothing away from the others."""
    ended = run("with qa.Scheduler(FakeClient()): pass\n" + elsewhere(), waiting=TERM)
    assert ended.code == 128 + TERM
    assert "uncancelled 0" in ended.out


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
    # The log, which has no handler here, and the facade.
    assert set(ended.err.splitlines()) == {
        "Left running: fake:one/job-0",
        "quantum_async: Left running: fake:one/job-0",
    }


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


ELSEWHERE = """
from concurrent.futures import ThreadPoolExecutor
fake = {client}(run_time=endless)
atexit.register(lambda: say("uncancelled", uncancelled(fake)))
def work():
    with qa.Scheduler(fake, {scheduler}) as scheduler:
        jobs = [scheduler.submit(PROGRAM, shots=1) for _ in range(3)]
        def watch(working=threading.current_thread()):
            until(lambda: is_in_a_wait(working))
            say("waiting")
        threading.Thread(target=watch, daemon=True).start()
        {wait}
{main}
say("never said")
"""
MAINS = {
    "joined": "thread = threading.Thread(target=work); thread.start(); thread.join()",
    "a pool": "with ThreadPoolExecutor(1) as pool: pool.submit(work).result()",
    "left to itself": "threading.Thread(target=work, daemon=True).start(); time.sleep(1_000_000)",
}
HUP = signal.SIGHUP if sys.platform != "win32" else signal.SIGTERM


def elsewhere(
    main: str = MAINS["joined"],
    wait: str = "jobs[0].result()",
    *,
    client: str = "FakeClient",
    scheduler: str = "",
) -> str:
    return ELSEWHERE.format(main=main, wait=wait, client=client, scheduler=scheduler)


@pytest.mark.parametrize("number", [TERM, HUP], ids=["SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("main", MAINS.values(), ids=MAINS)
def test_sigterm_ends_a_block_of_another_thread(main: str, number: signal.Signals) -> None:
    """Whatever the main thread is at, the other one's jobs are cancelled, and somebody says so."""
    ended = run(elsewhere(main), waiting=number)
    assert ended.code == 128 + number
    assert "uncancelled 0" in ended.out
    assert "never said" not in ended.out
    assert "quantum_async: No job was left running" in ended.err


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS)
def test_sigterm_ends_whatever_another_thread_waits_for(wait: str) -> None:
    """Its waits end with an error, and its block by the policy."""
    if "sleep" in wait:
        # Nobody can end what is not ours; but its jobs are cancelled meanwhile.
        wait = "say('waiting'); until(lambda: not uncancelled(fake)); say('seen')"
    ended = run(elsewhere(wait="\n    ".join(wait.strip().splitlines()) or "pass"), waiting=TERM)
    assert ended.code == 128 + TERM
    assert "uncancelled 0" in ended.out


def test_a_second_sigterm_leaves_another_thread_at_once() -> None:
    """Where a provider does not answer, the second one ends the program and names what may run."""
    code = elsewhere(scheduler="grace=1_000_000.0", client="Stubborn").replace(
        "target=work)", "target=work, daemon=True)"
    )
    ended = run(code, waiting=TERM, cancelling=TERM)
    assert ended.code == 128 + TERM
    assert "fake:one/job-0" in ended.err


def test_a_second_sigterm_that_python_drops_counts() -> None:
    """Raised between two steps of the interpreter's own end, it is lost; the program ends all the same."""
    code = elsewhere(
        """threading.Thread(target=work, daemon=True).start()
try:
    time.sleep(1_000_000)
finally:
    try:
        signal.raise_signal(signal.SIGTERM)
    except SystemExit:
        say("dropped")
""",
        scheduler="grace=1_000_000.0",
        client="Stubborn",
    )
    ended = run(code, waiting=TERM)
    assert ended.code == 128 + TERM
    assert "dropped" in ended.out
    assert "fake:one/job-0" in ended.err


def test_the_policy_of_another_threads_block_is_followed() -> None:
    """What is detached is named."""
    ended = run(elsewhere(scheduler='on_cancel="detach"'), waiting=TERM)
    assert "uncancelled 3" in ended.out
    assert "quantum_async: Left running: fake:one/job-0" in ended.err


def test_a_thread_that_nothing_could_hear_for_is_warned_once() -> None:
    """Imported by another thread than the main one, the package cannot handle SIGTERM, and says so."""
    ended = run(
        """
import warnings
signal.signal(signal.SIGTERM, signal.SIG_DFL)
warnings.simplefilter("always")
def work():
    for _ in range(2):
        with qa.Scheduler(FakeClient()) as scheduler:
            say(scheduler.submit(PROGRAM, shots=3).result().shots)
for _ in range(2):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
"""
    )
    assert ended.out.split() == ["3"] * 4
    assert ended.err.count("RuntimeWarning: SIGTERM would end this process at once") == 1


def test_a_program_that_is_started_to_ignore_interrupts_is_ended_by_sigterm() -> None:
    """As a shell's background job: SIGINT does nothing, SIGTERM cancels and exits with 143."""
    ignoring = "signal.signal(signal.SIGINT, signal.SIG_IGN); signal.raise_signal(signal.SIGINT)\n"
    for code in (program(), elsewhere()):
        ended = run(ignoring + code, waiting=TERM)
        assert ended.code == 128 + TERM
        assert "uncancelled 0" in ended.out


def test_sighup_that_is_ignored_stays_ignored() -> None:
    """Under nohup a closed terminal ends nothing."""
    ended = run(
        """
signal.signal(signal.SIGHUP, signal.SIG_IGN)
with qa.Scheduler(FakeClient()) as scheduler:
    signal.raise_signal(signal.SIGHUP)
    say(scheduler.submit(PROGRAM, shots=3).result().shots)
"""
    )
    assert (ended.code, ended.out) == (0, "3\n")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_pools_of_forked_processes_end() -> None:
    """While a scheduler is open and busy, forked workers do their work and are ended by their pool."""
    ended = run(
        """
import multiprocessing, warnings
warnings.simplefilter("ignore", DeprecationWarning)
class Busy(FakeClient):
    async def poll(self, jobs, *, wait=0.0):
        end = time.monotonic() + 0.02
        while time.monotonic() < end:
            anyio.to_thread.current_default_thread_limiter()
        return await super().poll(jobs, wait=wait)
fake = Busy(run_time=endless)
with qa.Scheduler(fake, limits=qa.Limits(min_poll_interval=0.001, max_poll_interval=0.001)) as scheduler:
    jobs = [scheduler.submit(PROGRAM, shots=1) for _ in range(3)]
    for _ in range(15):
        with multiprocessing.get_context("fork").Pool(2) as pool:
            assert pool.map(abs, range(-4, 0)) == [4, 3, 2, 1]
    say("uncancelled", uncancelled(fake))
    end_all(fake)
    say([job.result().shots for job in jobs])
"""
    )
    assert (ended.code, ended.out) == (0, "uncancelled 3\n[1, 1, 1]\n")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_the_event_loop_stands_still_while_a_process_is_forked() -> None:
    """A lock that the loop takes in each of its steps is never held in a child."""
    ended = run(
        """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)
lock = threading.Lock()
async def locking():
    while True:
        with lock:
            end = time.monotonic() + 0.01
            while time.monotonic() < end:
                pass
        await anyio.sleep(0)

class Locking(FakeClient):
    async def poll(self, jobs, *, wait=0.0):
        async with anyio.create_task_group() as tasks:
            with anyio.move_on_after(2):
                await locking()
        return await super().poll(jobs, wait=wait)
fake = Locking(run_time=endless)
with qa.Scheduler(fake) as scheduler:
    job = scheduler.submit(PROGRAM, shots=1)
    until(lock.locked)
    held = 0
    for _ in range(30):
        pid = os.fork()
        if pid == 0:
            os._exit(lock.locked())
        held += os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    end_all(fake)
    say("held", held)
"""
    )
    assert (ended.code, ended.out) == (0, "held 0\n")
