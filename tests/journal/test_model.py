"""Two processes on one journal, in any order of steps: no work has two owners, none is lost."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

import anyio
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import quantum_async as qa
from quantum_async.errors import BudgetExceededError, RejectedRequestError
from quantum_async.journal.leases import LostLeaseError
from quantum_async.journal.reading import Reader
from quantum_async.journal.records import SendState, WorkState
from quantum_async.journal.sql import SqlJournal
from tests.journal.helpers import RESULT, SERVED, kill, refs, spec, submission

pytestmark = pytest.mark.timeout(600)

PROCESSES = st.sampled_from([0, 1])
BUDGET = qa.Budget(jobs=12)


class TwoProcesses(RuleBasedStateMachine):
    """Each submission has one owner at most; whoever lost it can write nothing more."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "j.db"
        self.portals = start_blocking_portal()
        self.portal: BlockingPortal = self.portals.__enter__()
        self.owner: dict[str, int | None] = {}
        self.sent: dict[str, object] = {}
        self.state: dict[str, str] = {}
        self.sleeping: set[int] = set()
        self.hands: list[Hand] = [self.start(), self.start()]

    def start(self) -> Hand:
        return Hand(self.portal, self.path)

    @rule(who=PROCESSES)
    def intend(self, who: int) -> None:
        one = submission(self.hands[who].journal, spec(shots=1))
        try:
            self.hands[who].call("intend", one, BUDGET)
        except BudgetExceededError:
            assert self.counted() == BUDGET.jobs
        except LostLeaseError:
            assert who in self.sleeping
        else:
            assert who not in self.sleeping
            self.owner[one.key], self.sent[one.key], self.state[one.key] = who, one, "sending"

    def pick(self, data, *states: str) -> str | None:
        # In the order of sending: keys are random, and a run has to be repeatable.
        keys = [key for key, state in self.state.items() if state in states]
        return data.draw(st.sampled_from(keys)) if keys else None

    @rule(who=PROCESSES, data=st.data())
    def accept(self, who: int, data) -> None:
        key = self.pick(data, "sending", "intended")
        if key is None:
            return
        done = self.write(who, "accepted", key, refs(self.sent[key]))
        if self.may(who, key) and done:
            self.state[key] = "accepted"

    @rule(who=PROCESSES, data=st.data())
    def reject(self, who: int, data) -> None:
        key = self.pick(data, "sending", "intended")
        if key is None or not self.write(who, "rejected", key, RejectedRequestError("no")):
            return
        if self.may(who, key):
            self.state[key] = "rejected"

    @rule(who=PROCESSES, data=st.data())
    def postpone(self, who: int, data) -> None:
        key = self.pick(data, "sending")
        if key is not None and self.write(who, "postponed", key) and self.may(who, key):
            self.state[key] = "intended"

    @rule(who=PROCESSES, data=st.data())
    def fetch(self, who: int, data) -> None:
        key = self.pick(data, "accepted")
        if key is None:
            return
        job = self.sent[key].jobs[0].key
        if self.write(who, "fetched", job, RESULT) and self.may(who, key):
            self.state[key] = "fetched"

    @rule(who=PROCESSES)
    def die_and_come_back(self, who: int) -> None:
        self.hands[who].kill()
        self.hands[who] = self.start()
        self.sleeping.discard(who)
        for key, owner in self.owner.items():
            if owner == who:
                self.owner[key] = None

    @rule(who=PROCESSES)
    @precondition(lambda self: not self.sleeping)
    def fall_silent(self, who: int) -> None:
        """Its lease runs out, and the other process takes it over before it wakes."""
        run = self.hands[who].journal.run
        other = self.hands[1 - who]
        other.sql(f"UPDATE leases SET expires = 0 WHERE owner = '{run}'")
        self.sleeping.add(who)
        other.sql(f"UPDATE leases SET generation = generation + 1 WHERE owner = '{run}'")
        for key, owner in self.owner.items():
            if owner == who:
                self.owner[key] = None

    @rule(who=PROCESSES)
    def resume(self, who: int) -> None:
        if who in self.sleeping:
            return
        claim = self.hands[who].call("claim", None, SERVED)
        keys = {one.key for one in claim.submissions} | {job.submission for job in claim.jobs}
        free = {
            key
            for key, owner in self.owner.items()
            if owner is None and self.state[key] in {"sending", "intended", "accepted"}
        }
        assert keys == free
        for key in keys:
            self.owner[key] = who

    def may(self, who: int, key: str) -> bool:
        return self.owner[key] == who and who not in self.sleeping

    def write(self, who: int, name: str, key: str, *arguments: object) -> bool:
        """Report under the scope the process believes to hold; strangers have none to show."""
        hand = self.hands[who]
        if key not in hand.journal._scopes:
            return False
        hand.call_sync(name, key, *arguments)
        return True

    def counted(self) -> int:
        return sum(state != "rejected" for state in self.state.values())

    @invariant()
    def the_journal_says_what_happened(self) -> None:
        hand = self.hands[0]
        rows = {s.key: s.state for s in hand.read(lambda r: r.submissions())}
        jobs = {job.submission: job.state for job in hand.read(lambda r: r.jobs(with_results=True))}
        for key, state in self.state.items():
            match state:
                case "fetched" | "accepted":
                    assert rows[key] is SendState.ACCEPTED
                    assert jobs[key] is WorkState(state)
                case _:
                    assert rows[key] == state
        assert hand.sql("SELECT jobs FROM ledger") == self.counted()

    def teardown(self) -> None:
        for hand in self.hands:
            hand.kill()
        self.portals.__exit__(None, None, None)
        self.folder.cleanup()


class Hand:
    """One process's journal, held by a task of its own."""

    def __init__(self, portal: BlockingPortal, path: Path) -> None:
        self.portal = portal
        self.journal = SqlJournal(path)
        self.over = portal.call(anyio.Event)
        self.ended = threading.Event()
        portal.start_task(self._live)

    async def _live(self, *, task_status) -> None:
        await self.journal.open()
        task_status.started()
        await self.over.wait()
        await kill(self.journal)
        self.ended.set()

    def call(self, name: str, *arguments: object) -> object:
        return self.portal.call(getattr(self.journal, name), *arguments)

    def call_sync(self, name: str, *arguments: object) -> None:
        self.portal.call(getattr(self.journal, name), *arguments)
        self.portal.call(self.journal.ask, lambda t: None)

    def read(self, read) -> list:
        return self.portal.call(self.journal.ask, lambda t: read(Reader(t, "")))

    def sql(self, text: str) -> int | None:
        def run(transaction) -> int | None:
            done = transaction.connection.exec_driver_sql(text)
            return done.scalar() if done.returns_rows else None

        return self.portal.call(self.journal.ask, run)

    def kill(self) -> None:
        self.portal.call(self.over.set)
        self.ended.wait()


TestTwoProcesses = TwoProcesses.TestCase
TestTwoProcesses.settings = settings(
    max_examples=settings().max_examples // 10,  # each is long
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
