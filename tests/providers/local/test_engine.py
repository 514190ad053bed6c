"""Where jobs run and when, with what is cancelled, lost or too large; no simulator takes part."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest

from quantum_async.models.job import JobRef, JobStatus
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.models.result import BitOrder, Result
from quantum_async.models.submission import JobSpec
from quantum_async.providers.local.engine import Engine, Machine, Pace, helpers_pay
from quantum_async.providers.local.table import CANCELLED, JobTable, LocalJob
from quantum_async.providers.local.worker import Outcome, Task
from quantum_async.simulation.checked import Checked
from quantum_async.simulation.effort import ENDLESS, Effort
from quantum_async.simulation.run import Stopped

GIB = 1 << 30
PROGRAM = Program("", ProgramFormat.QASM2)
DONE = Result({"0": 1}, 1, BitOrder.QISKIT)

SHORT = Effort(0.001)
STICKY = Effort(0.01, grip=0.1)
"""Short, but it would stop the event loop."""
LONG = Effort(20.0)
NEVER = Effort(ENDLESS, is_private=True)


def until(holds):
    """Wait for what another thread does."""
    pause = threading.Event()
    while not holds():
        pause.wait(0.005)


def job(name, effort=SHORT, plan=None, device="automatic"):
    spec = JobSpec(name, PROGRAM, 1)
    checked = Checked(effort, lambda: DONE, plan)
    return LocalJob(JobRef("local", name, device), Task(spec, device, checked), effort)


def names(tasks):
    return [task.job.key for task in tasks]


@dataclass
class World:
    """What runs, here or in a worker; what is held goes on when it is let go."""

    held: set[str] = field(default_factory=set)
    deadly: list[str] = field(default_factory=list)
    """What takes its process down; each mention once."""
    seconds: dict[str, float] = field(default_factory=dict)
    """How long jobs run by their own account, by the first letters of their names."""
    here: list[list[str]] = field(default_factory=list)
    there: list[list[str]] = field(default_factory=list)
    running: set[str] = field(default_factory=set)
    workers: list[FakeWorker] = field(default_factory=list)
    can_start: bool = True
    most_at_once: int = 0

    def outcome(self, name):
        return Outcome(DONE, seconds=self.seconds.get(name.rstrip("0123456789"), 0.001))

    def run_here(self, tasks, stop):
        self.here.append(names(tasks))
        for name in names(tasks):
            self.hold(name, stop)
        return [self.outcome(name) for name in names(tasks)]

    def hold(self, name, stop):
        self.running.add(name)
        self.most_at_once = max(self.most_at_once, len(self.running))
        pause = threading.Event()
        try:
            while name in self.held:
                if stop():
                    raise Stopped
                pause.wait(0.005)
        finally:
            self.running.discard(name)

    def start(self):
        if not self.can_start:
            raise OSError("no processes here")
        worker = FakeWorker(self)
        self.workers.append(worker)
        return worker


class FakeWorker:
    def __init__(self, world):
        self.world = world
        self.devices = set()
        self.ran = []
        self.is_ended = False

    def prepare(self, device, stop):
        self.devices.add(device)

    def run(self, tasks, stop):
        self.world.there.append(names(tasks))
        self.ran.append(names(tasks))
        for name in names(tasks):
            if name in self.world.deadly:
                self.world.deadly.remove(name)
                raise EOFError
            self.world.hold(name, lambda: stop() or self.is_ended)
            yield self.world.outcome(name)

    def end(self):
        self.is_ended = True


@pytest.fixture
def world():
    return World()


@pytest.fixture
def opened(world):
    """Makes engines, which are closed in the end."""
    engines = []

    def opened(workers=2, cores=2, memory=16 * GIB):
        table = JobTable()
        engine = Engine(
            table.lock,
            table.notify,
            workers=workers,
            machine=Machine(cores, memory),
            run=world.run_here,
            new_worker=world.start,
        )
        engines.append(engine)
        return engine

    yield opened
    world.held.clear()
    for engine in engines:
        engine.close()


def cancel(engine, *jobs):
    for one in jobs:
        one.move(CANCELLED)
    engine.drop()


def finished(*jobs):
    until(lambda: all(one.is_over for one in jobs))
    return {str(one.state.status) for one in jobs}


def runs(world, *jobs):
    until(lambda: {one.ref.id for one in jobs} <= world.running)


def test_ending_a_job_that_never_ends_harms_no_neighbour(world, opened):
    """It has a process to itself: that is ended with it, and ten others run to their ends."""
    engine = opened()
    world.held = {"endless"}
    endless, others = job("endless", NEVER), [job(f"other{n}") for n in range(5)]
    others += [job(f"sticky{n}", STICKY) for n in range(5)]
    engine.add([endless, *others])
    runs(world, endless)
    assert finished(*others) == {"succeeded"}
    assert not endless.is_over
    cancel(engine, endless)
    until(lambda: any(worker.is_ended for worker in world.workers))
    assert [worker.ran[-1] for worker in world.workers if worker.is_ended] == [["endless"]]
    assert all(one.attempts == 0 for one in others)


def test_long_jobs_keep_no_short_one_from_its_worker(world, opened):
    """However many long ones there are, what only needs a process for a moment gets one."""
    engine = opened(workers=2)
    long = [job(f"long{n}", LONG) for n in range(5)]
    world.held = {one.ref.id for one in long}
    engine.add(long)
    runs(world, *long[:2])
    sticky = job("sticky", STICKY)
    engine.add([sticky])
    assert finished(sticky) == {"succeeded"}
    assert world.running == {"long0", "long1"}
    world.held.clear()
    assert finished(*long) == {"succeeded"}


def test_who_shares_a_process_that_is_ended_runs_once_more_and_nobody_else(world, opened):
    """What had ended before stays, what runs elsewhere is left alone, what waited behind it runs."""
    engine = opened(workers=1)
    shared = [job(f"shared{n}", STICKY) for n in range(9)]
    world.held = {"shared2"}
    engine.add(shared)
    runs(world, shared[2])
    assert finished(*shared[:2]) == {"succeeded"}
    company = next(names for names in world.there if "shared2" in names)
    cancel(engine, shared[2])
    assert finished(*shared[3:]) == {"succeeded"}
    ran = [name for names in world.there for name in names]
    behind = company[company.index("shared2") + 1 :]
    assert behind
    # They were sent twice, and had not begun the first time.
    assert {name for name in ran if ran.count(name) > 1} == set(behind)
    assert [one.attempts for one in shared] == [0] * 9


def test_a_lost_process_costs_its_job_one_repetition(world, opened):
    """Only the job that ran is suspect: it is tried again without company."""
    engine = opened(workers=1)
    world.deadly = ["shared3"]
    shared = [job(f"shared{n}", STICKY) for n in range(9)]
    engine.add(shared)
    assert finished(*shared) == {"succeeded"}
    assert [one.attempts for one in shared] == [0, 0, 0, 1, 0, 0, 0, 0, 0]
    assert ["shared3"] in world.there


def test_a_job_that_takes_down_two_processes_has_failed(world, opened):
    """It takes nobody with it."""
    engine = opened(workers=1)
    world.deadly = ["shared3", "shared3"]
    shared = [job(f"shared{n}", STICKY) for n in range(9)]
    engine.add(shared)
    finished(*shared)
    failed = [one for one in shared if one.state.status is JobStatus.FAILED]
    assert failed == [shared[3]]
    assert "memory" in failed[0].state.message
    assert all(one.state.status is JobStatus.SUCCEEDED for one in shared if one not in failed)


def test_a_guess_starts_no_process(world, opened):
    """Jobs that are guessed to take minutes and take a moment stay where they are."""
    engine = opened()
    jobs = [job(f"quick{n}", Effort(0.9), device="pulser") for n in range(80)]
    engine.add(jobs)
    assert finished(*jobs) == {"succeeded"}
    assert world.there == []
    assert world.workers == []


def test_measured_jobs_start_processes_where_that_pays(world, opened):
    """Once three have been measured, what is left decides; the thread goes on with them."""
    engine = opened(workers=2)
    world.seconds = {"slow": 0.2}
    jobs = [job(f"slow{n}", Effort(0.2)) for n in range(80)]
    world.held = {"slow2", "slow60"}
    engine.add(jobs)
    runs(world, jobs[2])
    assert world.workers == []
    world.held.discard("slow2")
    assert finished(*jobs[:60]) == {"succeeded"}
    world.held.clear()
    assert finished(*jobs) == {"succeeded"}
    assert len(world.workers) == 1
    assert world.there


def test_jobs_that_turn_out_slow_get_a_process_to_be_ended_with(world, opened):
    """What was measured decides where those run that still wait."""
    engine = opened(workers=2)
    world.seconds = {"slow": 3.0}
    jobs = [job(f"slow{n}", Effort(0.5)) for n in range(6)]
    engine.add(jobs)
    assert finished(*jobs) == {"succeeded"}
    assert world.here == [["slow0"], ["slow1"], ["slow2"]]
    assert sorted(world.there) == [["slow3"], ["slow4"], ["slow5"]]


def test_jobs_of_one_plan_run_together_after_the_first(world, opened):
    """The first comes alone, so that it comes no later than a single job would."""
    engine = opened()
    jobs = [job(f"point{n}", SHORT, plan="a") for n in range(40)]
    engine.add(jobs)
    assert finished(*jobs) == {"succeeded"}
    assert world.here[0] == ["point0"]
    assert world.here[1] == [f"point{n}" for n in range(1, 40)]
    assert world.workers == []


def test_how_many_run_together_follows_from_what_was_measured(world, opened):
    """Each is measured to take thirty milliseconds: no more than three at a time."""
    engine = opened()
    world.seconds = {"point": 0.03}
    jobs = [job(f"point{n}", SHORT, plan="a") for n in range(20)]
    engine.add(jobs)
    assert finished(*jobs) == {"succeeded"}
    assert {len(names) for names in world.here[1:-1]} == {3}


def test_plans_take_turns(world, opened):
    """A long sweep does not keep a short one waiting until its own end."""
    engine = opened()
    world.held = {"a0"}
    world.seconds = {"a": 0.2, "b": 0.2}
    jobs = [job(f"{plan}{n}", SHORT, plan=plan) for plan in "ab" for n in range(3)]
    engine.add(jobs)
    runs(world, jobs[0])
    world.held.clear()
    assert finished(*jobs) == {"succeeded"}
    assert world.here == [["a0"], ["b0"], ["a1"], ["b1"], ["a2"], ["b2"]]


def test_a_cancelled_job_does_not_end_those_that_it_runs_with(world, opened):
    """Only when nobody wants anything of them any more are they stopped."""
    engine = opened()
    world.held = {"first", "point3"}
    jobs = [job("first", plan="a"), *(job(f"point{n}", plan="a") for n in range(6))]
    engine.add(jobs)
    runs(world, jobs[0])
    world.held.discard("first")
    runs(world, jobs[4])
    cancel(engine, jobs[2], jobs[4])
    assert "point3" in world.running
    world.held.clear()
    finished(*jobs)
    states = [str(one.state.status) for one in jobs]
    assert states == ["succeeded"] * 2 + ["cancelled", "succeeded", "cancelled"] + ["succeeded"] * 2


def test_what_nobody_wants_is_stopped_on_the_thread(world, opened):
    """A simulator that looks is stopped, and the next job has the thread."""
    engine = opened()
    world.held = {"unwanted"}
    unwanted, wanted = job("unwanted", Effort(0.9), plan="a"), job("wanted", plan="b")
    engine.add([unwanted, wanted])
    runs(world, unwanted)
    cancel(engine, unwanted)
    assert finished(wanted) == {"succeeded"}
    assert world.running == set()


def test_a_large_job_keeps_no_small_one_of_another_plan_waiting(world, opened):
    """It has a thread of its own, as one that turns out to be large has for those after it."""
    engine = opened(cores=2)
    large, small = job("large0", Effort(9.0), plan="a"), job("small", plan="b")
    world.held = {"large0"}
    engine.add([large, small])
    runs(world, large)
    assert finished(small) == {"succeeded"}
    world.seconds = {"huge": 30.0}
    huge = [job(f"huge{n}", Effort(0.5), plan="c") for n in range(5)]
    world.held = {"large0", "huge3"}
    engine.add(huge)
    runs(world, huge[3])
    small = job("small", plan="b")
    engine.add([small])
    assert finished(small) == {"succeeded"}
    world.held.clear()
    assert finished(large, *huge) == {"succeeded"}


@pytest.mark.parametrize(("qubits", "threads"), [(6, 1), (14, 3)])
def test_large_states_have_a_thread_for_every_core(world, opened, qubits, threads):
    """For small ones a second thread would only wait for the interpreter's lock."""
    engine = opened(cores=3)
    jobs = [job(f"point{n}", Effort(0.9, size=32 << qubits), plan="a") for n in range(4)]
    world.held = {one.ref.id for one in jobs}
    engine.add(jobs)
    runs(world, *jobs[:threads])
    assert len(world.running) == threads
    world.held.clear()
    assert finished(*jobs) == {"succeeded"}
    assert world.most_at_once == threads


def test_jobs_do_not_run_side_by_side_beyond_the_memory(world, opened):
    """A second large one waits; a small one does not; one that leaves no room runs alone."""
    engine = opened(workers=4, memory=10 * GIB)
    large = [job(f"large{n}", Effort(60.0, size=6 * GIB)) for n in range(2)]
    small = job("small", Effort(60.0, size=GIB), device="pulser")
    world.held = {"large0", "large1", "small"}
    engine.add([large[0], small, large[1]])
    runs(world, large[0], small)
    assert "large1" not in world.running
    world.held.discard("large0")
    runs(world, large[1])
    world.held.clear()
    assert finished(*large, small) == {"succeeded"}
    assert world.most_at_once == 2


def test_without_processes_the_thread_does_what_ends_by_itself(world, opened):
    """What would never end is refused with the reason instead."""
    world.can_start = False
    engine = opened()
    long, endless = job("long", LONG), job("endless", NEVER)
    engine.add([long, endless])
    assert finished(long) == {"succeeded"}
    assert finished(endless) == {"failed"}
    assert "worker process" in endless.state.message
    assert world.here == [["long"]]


def test_closing_ends_every_process_and_leaves_no_thread(world, opened):
    """Busy or idle; what is computed on threads is stopped."""
    engine = opened()
    jobs = [job("long", LONG), job("point", plan="a"), job("sticky", STICKY)]
    world.held = {"long", "point"}
    before = set(threading.enumerate())
    engine.add(jobs)
    runs(world, *jobs[:2])
    assert finished(jobs[2]) == {"succeeded"}
    engine.close()
    assert all(worker.is_ended for worker in world.workers)
    until(lambda: set(threading.enumerate()) <= before)
    assert world.running == set()


def test_threads_have_work_or_end(world, opened):
    """And are no daemons, which Python would tear out of native code at its end."""
    engine = opened()
    world.held = {"point"}
    before = set(threading.enumerate())
    point = job("point", plan="a")
    engine.add([point])
    runs(world, point)
    assert [thread.daemon for thread in set(threading.enumerate()) - before] == [False]
    world.held.clear()
    finished(point)
    until(lambda: set(threading.enumerate()) <= before)


def test_a_single_core_never_pays_for_processes():
    """There they only take turns."""
    assert not helpers_pay(1000.0, processes=3, cores=1, start_up=1.0)


def test_much_work_pays_for_processes_and_little_does_not():
    """Two cores and one process beside the thread: neither holds the other up."""
    assert not helpers_pay(2.5, processes=1, cores=2, start_up=3.0)
    assert helpers_pay(9.0, processes=1, cores=2, start_up=3.0)
    assert not helpers_pay(9.0, processes=1, cores=2, start_up=9.0)


def test_processes_that_share_cores_with_the_thread_pay_later():
    """While they start, all are held up."""
    sizes = [0.5 * n for n in range(100)]
    apart, crowded = (
        next(left for left in sizes if helpers_pay(left, 3, cores, 3.0)) for cores in (4, 2)
    )
    assert crowded > 2 * apart


def test_the_first_jobs_prove_nothing():
    """One that had to translate its program does not send the next one to a process."""
    pace = Pace()
    pace.learn(0.001, 3.0)
    assert pace.typical == 1.0
    for _ in range(5):
        pace.learn(0.001, 3.0)
    assert pace.typical == 8.0


def test_a_disturbance_is_no_measure_of_speed():
    """How much is run together follows from the fastest, what else from the median."""
    pace = Pace()
    assert pace.best is None
    for seconds in (0.1, 0.1, 9.0):
        pace.learn(0.1, seconds)
    assert pace.typical == 1.0
    assert pace.best == 1.0
