"""A device's queue, with the time given instead of waited for."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, strategies as st

from quantum_async.models.job import JobStatus
from quantum_async.sandbox.world import Lane, SandboxJob

run_times = st.lists(st.floats(0.01, 10), min_size=1, max_size=20)


def filled(lane: Lane, lengths: list[float], accepted: float = 100.0) -> list[SandboxJob]:
    jobs = [
        SandboxJob(id=str(n), number=n, shots=1, accepted=accepted, run_time=length)
        for n, length in enumerate(lengths)
    ]
    for job in jobs:
        lane.add(job)
    return jobs


def busy(jobs: list[SandboxJob], now: float) -> int:
    return sum(job.status(now) is JobStatus.RUNNING for job in jobs)


@given(lengths=run_times)
def test_one_slot_runs_jobs_one_after_the_other(lengths):
    """On a device that takes one job at a time each starts when the one before ends."""
    jobs = filled(Lane(1, 0.0), lengths)
    assert jobs[0].start == 100.0
    assert all(a.end == b.start for a, b in pairwise(jobs))


@given(lengths=run_times, slots=st.integers(1, 5))
def test_never_more_jobs_run_than_there_are_slots(lengths, slots):
    """At no moment do more jobs run than the device takes, and none waits without need."""
    jobs = filled(Lane(slots, 0.0), lengths)
    for moment in [job.start for job in jobs]:
        assert busy(jobs, moment) <= slots
    for job in jobs:
        assert job.start == 100.0 or busy(jobs, job.start - 1e-9) == slots


@given(lengths=run_times)
def test_without_a_limit_all_jobs_run_at_once(lengths):
    """A device without a limit starts every job after its waiting time."""
    jobs = filled(Lane(None, 2.5), lengths)
    assert {job.start for job in jobs} == {102.5}


@given(lengths=run_times, data=st.data(), slots=st.integers(1, 3))
def test_cancelling_lets_later_jobs_move_up(lengths, data, slots):
    """After cancellations no running job is disturbed, and the others run as early as they can."""
    lane = Lane(slots, 0.0)
    jobs = filled(lane, lengths)
    now = data.draw(st.floats(100.0, max(job.end for job in jobs)))
    chosen = data.draw(st.sets(st.sampled_from(range(len(jobs)))))
    before = {job.id: (job.start, job.end) for job in jobs}
    cancelled = [jobs[n] for n in chosen if jobs[n].cancel(now, 0.0)]
    lane.close_gaps(now)
    for job in jobs:
        if job not in cancelled:
            assert job.start <= before[job.id][0]
            if before[job.id][0] <= now:
                assert (job.start, job.end) == before[job.id]
    waiting = [job for job in jobs if job.start > now and job.stopped is None]
    assert all(busy(jobs, job.start - 1e-9) == slots for job in waiting if job.start > now + 1e-6)


@given(lengths=run_times, data=st.data(), slots=st.integers(1, 3))
def test_the_place_in_the_queue_counts_who_is_in_front(lengths, data, slots):
    """In front of a job that waits are the earlier ones that wait or run, also after cancellations."""
    lane = Lane(slots, 0.0)
    jobs = filled(lane, lengths)
    now = data.draw(st.floats(100.0, max(job.end for job in jobs)))
    if data.draw(st.booleans()):
        for n in data.draw(st.sets(st.sampled_from(range(len(jobs))))):
            jobs[n].cancel(now, 0.0)
        lane.close_gaps(now)
    for place, job in enumerate(jobs):
        if job.status(now) is JobStatus.QUEUED:
            earlier = [other for other in jobs[:place] if not other.status(now).is_terminal]
            assert lane.ahead(job, now) == len(earlier)


def test_a_job_goes_through_its_states_by_the_clock_alone():
    """The status follows from the moment asked about, exactly at its borders."""
    (job,) = filled(Lane(None, 1.0), [2.0])
    moments = {100.999: "queued", 101.0: "running", 102.999: "running", 103.0: "succeeded"}
    assert {moment: job.status(moment).value for moment in moments} == moments
    assert (job.finished(102.9), job.finished(200.0)) == (None, 103.0)


def test_a_running_job_takes_time_to_stop():
    """Cancelling a running job passes through CANCELLING; an ended one cannot be cancelled."""
    (job,) = filled(Lane(None, 0.0), [2.0])
    assert job.cancel(101.0, 0.5)
    assert (job.status(101.4), job.status(101.5)) == (JobStatus.CANCELLING, JobStatus.CANCELLED)
    assert not job.cancel(101.2, 0.5)
    (ended,) = filled(Lane(None, 0.0), [2.0])
    assert not ended.cancel(103.0, 0.5)
