"""The journal by itself, in SQLite and in PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import anyio
import pytest
from sqlalchemy import text

import quantum_async as qa
from quantum_async.errors import (
    BudgetExceededError,
    DuplicateSubmissionError,
    JobFailedError,
    JournalError,
    RejectedRequestError,
    SubmissionUnknownError,
)
from quantum_async.journal.base import Journal
from quantum_async.journal.leases import LostLeaseError, Owner, birth
from quantum_async.journal.reading import Reader
from quantum_async.journal.records import Claim, SendState, Submission, SweepPlan, WorkState
from quantum_async.journal.sql import SqlJournal
from quantum_async.models.submission import BatchRequest
from tests.journal.helpers import RESULT, SERVED, expire, kill, refs, spec, submission

PLAN = SweepPlan("s", "program", "points", 3, 10, "fake:one")


async def stored(journal: SqlJournal) -> list:
    return await journal.ask(lambda t: Reader(t, "here").jobs(with_results=True))


async def query(journal: SqlJournal, sql: str) -> list:
    return await journal.ask(lambda t: list(t.connection.execute(text(sql))))


async def write(journal: SqlJournal, sql: str) -> None:
    await journal.ask(lambda t: t.connection.execute(text(sql)) and None)


def test_nothing_is_left_to_the_journal_that_keeps_nothing() -> None:
    """A database keeps all that the contract names; what follows from the rest is not repeated."""
    named = {name for name in vars(Journal) if not name.startswith("_")}
    assert named - {"holds"} <= vars(SqlJournal).keys()


async def test_a_jobs_story_is_written_down(place) -> None:
    """A job comes back with its payload, state, reference, result or failure."""
    async with SqlJournal(place) as journal:
        sent = submission(journal, spec(1.0), spec(2), spec(3))
        await journal.intend(sent, None)
        assert [job.state for job in await stored(journal)] == [WorkState.PENDING] * 3
        await journal.accepted(sent.key, refs(sent))
        first, second, _ = sent.jobs
        journal.fetched(first.key, RESULT)
        journal.ended(second.key, WorkState.FAILED, JobFailedError("no luck", job_id="7"))
    async with SqlJournal(place) as journal:
        one, two, three = await stored(journal)
    assert [job.spec for job in (one, two, three)] == list(sent.jobs)
    assert (one.state, one.result) == (WorkState.FETCHED, RESULT)
    assert one.ref == refs(sent)[0]
    assert one.ref.journal == "here"
    assert (two.state, str(two.error), two.error.job_id) == (WorkState.FAILED, "no luck", "7")
    assert (three.state, three.result) == (WorkState.ACCEPTED, None)


async def test_a_result_is_stored_once(place) -> None:
    """The first result stands, and a late failure does not undo it."""
    async with SqlJournal(place) as journal:
        sent = submission(journal)
        await journal.intend(sent, None)
        await journal.accepted(sent.key, refs(sent))
        key = sent.jobs[0].key
        journal.fetched(key, RESULT)
        journal.fetched(key, replace(RESULT, counts={"11": 7}))
        journal.ended(key, WorkState.CANCELLED, JobFailedError("late"))
        assert (await stored(journal))[0].result == RESULT
        assert (await query(journal, "SELECT count(*) FROM results"))[0][0] == 1


async def test_a_program_is_stored_once(place) -> None:
    """A thousand jobs of one program hold one copy of it."""
    async with SqlJournal(place) as journal:
        for _ in range(3):
            await journal.intend(submission(journal, spec(), spec()), None)
        assert (await query(journal, "SELECT count(*) FROM programs"))[0][0] == 1
        assert (await query(journal, "SELECT count(*) FROM jobs"))[0][0] == 6


async def test_a_key_cannot_be_used_twice(place) -> None:
    """The same key with another payload is an error, and spoils nobody else's record."""
    async with SqlJournal(place) as journal:
        sent = submission(journal)
        await journal.intend(sent, None)
        failures = []

        async def again() -> None:
            with pytest.raises(DuplicateSubmissionError, match="another payload") as caught:
                await journal.intend(submission(journal, spec(9), key=sent.key), None)
            failures.append(caught.value)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(again)
            for _ in range(5):
                tasks.start_soon(journal.intend, submission(journal), None)
        assert len(failures) == 1
        assert len(await stored(journal)) == 6


async def test_states_of_a_submission(place) -> None:
    """Postponed, sent again, rejected and unknown are all told apart."""
    async with SqlJournal(place) as journal:
        sent = [submission(journal) for _ in range(4)]
        for one in sent:
            await journal.intend(one, None)
        journal.postponed(sent[0].key)
        journal.postponed(sent[1].key)
        await journal.sending(sent[1].key)
        journal.rejected(sent[2].key, RejectedRequestError("no", status=400))
        journal.unknown(sent[3].key, SubmissionUnknownError("lost", key=sent[3].key))
        rows = dict(tuple(r) for r in await query(journal, "SELECT key, state FROM submissions"))
        assert [rows[one.key] for one in sent] == ["intended", "sending", "rejected", "unknown"]
        jobs = {job.spec.key: job for job in await stored(journal)}
        assert jobs[sent[2].jobs[0].key].state is WorkState.REJECTED
        assert jobs[sent[3].jobs[0].key].state is WorkState.UNKNOWN
        assert isinstance(jobs[sent[3].jobs[0].key].error, SubmissionUnknownError)
        await kill(journal)
    async with SqlJournal(place) as journal:
        claim = await journal.claim(None, SERVED)
        states = {s.key: s.state for s in claim.submissions}
        assert states == {
            sent[0].key: SendState.INTENDED,
            sent[1].key: SendState.SENDING,
            sent[3].key: SendState.UNKNOWN,
        }


async def test_the_budget_is_shared(place) -> None:
    """Two processes on one journal cannot spend more together than the budget of each."""
    budget = qa.Budget(jobs=10, shots=55)
    async with SqlJournal(place) as one, SqlJournal(place) as two:
        outcomes = []

        async def spend(journal: SqlJournal) -> None:
            try:
                await journal.intend(submission(journal, spec()), budget)
            except BudgetExceededError as error:
                outcomes.append(error)
            else:
                outcomes.append(None)

        async with anyio.create_task_group() as tasks:
            for number in range(12):
                tasks.start_soon(spend, (one, two)[number % 2])
        assert outcomes.count(None) == 5
        assert len(await stored(one)) == 5


async def test_what_was_rejected_is_free_again(place) -> None:
    """A rejected submission's part of the budget comes back once, an unknown one's does not."""
    budget = qa.Budget(shots=20)
    async with SqlJournal(place) as journal:
        sent = submission(journal, spec(shots=20))
        await journal.intend(sent, budget)
        for _ in range(2):
            journal.rejected(sent.key, RejectedRequestError("no"))
        sent = submission(journal, spec(shots=20))
        await journal.intend(sent, budget)
        journal.unknown(sent.key, SubmissionUnknownError("lost", key=sent.key))
        with pytest.raises(BudgetExceededError, match="20 shots"):
            await journal.intend(submission(journal, spec(shots=1)), budget)


async def test_costs_count_against_the_budget(place) -> None:
    """Once what providers charged reaches the limit, nothing more is sent."""
    budget = qa.Budget(cost=1.0, credits=5)
    async with SqlJournal(place) as journal:
        for cost in (qa.Cost(0.4, "USD"), qa.Cost(2, "credits"), qa.Cost(0.7, "USD")):
            sent = submission(journal)
            await journal.intend(sent, budget)
            journal.fetched(sent.jobs[0].key, RESULT, cost)
        with pytest.raises(BudgetExceededError, match=r"2 credits, 1\.1 cost"):
            await journal.intend(submission(journal), budget)


async def test_a_server_has_a_budget_of_its_own(place) -> None:
    """What is sent, rejected and paid there counts there, in every process; elsewhere it does not."""
    own = qa.Budget(jobs=3, cost=1.0)

    def at(journal: SqlJournal, identity: str) -> Submission:
        return replace(submission(journal), identity=identity)

    async with SqlJournal(place) as one, SqlJournal(place) as two:
        sent = at(one, "here")
        await one.intend(sent, None, own)
        one.rejected(sent.key, RejectedRequestError("no"))
        for journal in (one, two, one):
            await journal.intend(at(journal, "here"), None, own)
            await journal.intend(at(journal, "there"), None, own)
        with pytest.raises(BudgetExceededError, match=r"3 jobs.* at here"):
            await two.intend(at(two, "here"), None, own)
        sent = at(two, "elsewhere")
        await two.intend(sent, None, own)
        two.fetched(sent.jobs[0].key, RESULT, qa.Cost(2.0, "USD"))
        with pytest.raises(BudgetExceededError, match="2 cost"):
            await two.intend(at(two, "elsewhere"), None, own)
        with pytest.raises(BudgetExceededError, match="7 jobs"):
            await one.intend(at(one, "anywhere"), qa.Budget(jobs=7), own)


async def test_a_living_process_keeps_its_work(place) -> None:
    """What a living process works on cannot be taken over, neither all nor by name."""
    async with SqlJournal(place) as one, SqlJournal(place) as two:
        sent = submission(one)
        await one.intend(sent, None)
        await one.claim_sweep(PLAN)
        assert await two.claim(None, SERVED) == Claim()
        with pytest.raises(JournalError, match=f"in the hands of process {os.getpid()}"):
            await two.claim(one.run, SERVED)
        with pytest.raises(JournalError, match="sweep 's' is in the hands"):
            await two.claim_sweep(PLAN)
        with pytest.raises(JournalError, match="knows no run"):
            await two.claim("nobody", SERVED)


async def test_a_dead_process_loses_its_work_at_once(place) -> None:
    """After a crash the work can be had without waiting for the lease, and only once."""
    dead = SqlJournal(place)
    await dead.open()
    sent = submission(dead)
    await dead.intend(sent, None)
    await kill(dead)
    async with SqlJournal(place) as one, SqlJournal(place) as two:
        claims = [await one.claim(None, SERVED), await two.claim(None, SERVED)]
        assert [len(claim.submissions) for claim in claims] == [1, 0]
        assert await one.claim(None, SERVED) == Claim()


async def test_a_silent_process_is_fenced_off(place) -> None:
    """Once a lease has run out and was taken, the old owner can write nothing more."""
    async with SqlJournal(place) as old, SqlJournal(place) as new:
        sent = submission(old)
        await old.intend(sent, None)
        assert old.holds(old.scope)
        await expire(old)
        assert not old.holds(old.scope)
        claim = await new.claim(None, SERVED)
        assert [s.key for s in claim.submissions] == [sent.key]
        with pytest.raises(LostLeaseError):
            await old.sending(sent.key)
        with pytest.raises(LostLeaseError):
            await old.intend(submission(old), None)
        old.fetched(sent.jobs[0].key, RESULT)
        assert await old.renew() == {old.scope}
        await new.accepted(sent.key, refs(sent))
        assert (await stored(new))[0].state is WorkState.ACCEPTED


async def test_renewing_keeps_a_lease(place) -> None:
    """A lease that is renewed cannot be had by anybody else, however often that is needed."""
    async with SqlJournal(place) as old, SqlJournal(place) as new:
        await old.intend(submission(old), None)
        for _ in range(4):
            await expire(old)
            assert await old.renew() == frozenset()
            assert await new.claim(None, SERVED) == Claim()
            assert old.holds(old.scope)


def test_a_lease_is_renewed_well_before_it_ends(tmp_path) -> None:
    """Two renewals may fail before anybody else can take the work."""
    assert 3 * SqlJournal(tmp_path / "j.db", lease=90.0).pulse <= 90.0


async def test_a_late_renewal_is_fine_while_nobody_took_over(place) -> None:
    """A process that slept goes on where nobody has taken its work."""
    async with SqlJournal(place) as journal:
        await expire(journal)
        assert not journal.holds(journal.scope)
        assert await journal.renew() == frozenset()
        assert journal.holds(journal.scope)


def test_a_process_is_known_by_number_and_birth() -> None:
    """A number alone does not make a process: it is used again."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = replace(Owner.this("r"), pid=child.pid, birth=birth(child.pid))
    assert not owner.is_dead()
    assert replace(owner, birth="1").is_dead()
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert owner.is_dead()  # a zombie answers for nothing
    child.communicate()
    assert owner.is_dead()
    assert not replace(owner, host="elsewhere").is_dead()
    mine = Owner.this("mine")
    assert mine.is_dead()
    mine.enter()
    assert not mine.is_dead()
    mine.leave()


async def test_work_for_other_providers_is_left(place) -> None:
    """A process takes over only what it has clients for, and says so when asked by name."""
    dead = SqlJournal(place)
    await dead.open()
    await dead.intend(submission(dead), None)
    await kill(dead)
    async with SqlJournal(place) as journal:
        assert await journal.claim(None, {("other", ""): "other"}) == Claim()
        with pytest.raises(JournalError, match="needs a client for fake"):
            await journal.claim(dead.run, {("other", ""): "other"})
        assert len((await journal.claim(dead.run, SERVED)).submissions) == 1


async def test_a_sweeps_name_means_one_plan(place) -> None:
    """The same plan continues; any other under the name is an error that says what differs."""
    async with SqlJournal(place) as journal:
        assert await journal.claim_sweep(PLAN) == Claim()
        assert await journal.claim_sweep(PLAN) == Claim()
        for change in (
            {"shots": 11},
            {"points": "x"},
            {"program": "x"},
            {"target": "x:y"},
            {"options": qa.RunOptions(seed=1)},
        ):
            with pytest.raises(DuplicateSubmissionError, match=next(iter(change))):
                await journal.claim_sweep(replace(PLAN, **change))


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        ("UPDATE jobs SET variables = '{nonsense'", "jobs"),
        ('UPDATE jobs SET options = \'{"~":"data","of":"x:y","fields":{}}\'', "jobs"),
        ("UPDATE jobs SET ref = '[]'", "jobs"),
        ("UPDATE jobs SET state = 'confused'", "jobs"),
        ("UPDATE programs SET payload = 'x'", "programs"),
        ("UPDATE results SET body = 'x'", "results"),
        ("DELETE FROM programs", "jobs"),
    ],
)
async def test_a_damaged_row_is_set_aside(tmp_path, damage: str, kind: str) -> None:
    """What cannot be read is reported once and kept; everything else goes on."""
    async with SqlJournal(tmp_path / "j.db") as journal:
        sent = submission(journal)
        await journal.intend(sent, None)
        await journal.accepted(sent.key, refs(sent))
        journal.fetched(sent.jobs[0].key, RESULT)
        await journal.ask(lambda t: None)
        await write(journal, damage)
        jobs = await stored(journal)
        if kind == "results":
            # The provider still has it: the job is fetched again.
            assert [job.state for job in jobs] == [WorkState.SUCCEEDED]
        else:
            assert jobs == []
        bad = await journal.ask(lambda t: Reader(t, "").quarantined())
        assert kind in {row.kind for row in bad}
        await stored(journal)
        assert await journal.ask(lambda t: Reader(t, "").quarantined()) == bad


async def test_batches_are_intents_too(place) -> None:
    """Batches that are or may be open are claimed; closed ones are not."""
    dead = SqlJournal(place)
    await dead.open()
    requests = [BatchRequest(key, "one", name="mine") for key in ("a", "b", "c")]
    for request in requests:
        await dead.intend_batch(request, "fake", "")
    await dead.batch_opened(qa.BatchRef("fake", "id-b", "one", "b"))
    dead.batch_closed("c")
    await dead.ask(lambda t: None)
    await kill(dead)
    async with SqlJournal(place) as journal:
        claim = await journal.claim(None, SERVED)
    found = {batch.ref.key: (batch.state, batch.ref.id, batch.name) for batch in claim.batches}
    assert found == {"a": ("opening", "", "mine"), "b": ("open", "id-b", "mine")}


async def test_a_closed_journal_takes_nothing(tmp_path) -> None:
    """After closing, an intent raises and nothing is sent."""
    journal = SqlJournal(tmp_path / "j.db")
    async with journal:
        sent = submission(journal)
    with pytest.raises(JournalError, match="closed"):
        await journal.intend(sent, None)
    await journal.close()


async def test_closing_writes_what_was_reported(place) -> None:
    """Reports that nobody waited for are there after closing, also under cancellation."""
    with anyio.CancelScope() as scope:
        async with SqlJournal(place) as journal:
            sent = submission(journal)
            await journal.intend(sent, None)
            await journal.accepted(sent.key, refs(sent))
            journal.fetched(sent.jobs[0].key, RESULT)
            scope.cancel()
    async with SqlJournal(place) as journal:
        assert (await stored(journal))[0].result == RESULT


async def test_nothing_blocks_the_event_loop(tmp_path, never_blocks) -> None:
    """All work on the database happens off the loop."""
    async with SqlJournal(tmp_path / "j.db") as journal:
        sent = submission(journal)
        await journal.intend(sent, None)
        await journal.accepted(sent.key, refs(sent))
        journal.fetched(sent.jobs[0].key, RESULT)
