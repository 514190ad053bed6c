"""The contract of a journal, as the scheduler uses it, kept by one that remembers nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from quantum_async.errors import JournalError
from quantum_async.journal.records import Claim

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from types import TracebackType

    from quantum_async.errors import QuantumAsyncError
    from quantum_async.journal.records import (
        StoredJob,
        StoredSubmission,
        Submission,
        SweepPlan,
        WorkState,
    )
    from quantum_async.models.batch import BatchRef
    from quantum_async.models.cost import Budget, Cost
    from quantum_async.models.job import JobRef
    from quantum_async.models.result import Result
    from quantum_async.models.submission import BatchRequest


class LostLeaseError(JournalError):
    """A lease is not ours any more, or may not be: whoever holds it goes on with the work."""


class UnavailableError(JournalError):
    """The journal cannot be used now; the same may work later."""


class UnansweredError(UnavailableError):
    """Nobody waited for the journal's answer any longer: it may have written or not."""


class UnreadableError(JournalError):
    """Rows cannot be read, so what they stand for was left as it is."""


class GoneError(UnavailableError):
    """The journal is not where it was: deleted, renamed or replaced while it was in use."""


class Journal:
    """Remember every job before it is sent, so that another process can finish the work.

    What is awaited is on the disk when it returns, or was refused. What is not awaited is a report:
    it follows within moments, is tried again while the journal cannot be written, and losing it in
    a crash costs a question to the provider, never a job.

    As it stands it keeps nothing and costs nothing: that is what a scheduler without a journal has.
    """

    @property
    def missing(self) -> JournalError | None:
        """Once it is closed: which ids of accepted jobs could not be written down, and why."""
        return None

    @property
    def location(self) -> str | None:
        """Where it is, without secrets; what a `JobRef` carries."""
        return None

    @property
    def run(self) -> str:
        """Id of the run that this process records; known once the journal is open."""
        return ""

    @property
    def scope(self) -> str:
        """The lease of what this run begins by itself."""
        return ""

    @property
    def pulse(self) -> float | None:
        """Seconds between two calls of `renew`, or ``None`` where there is nothing to renew."""
        return None

    async def open(self) -> None:
        """Open it, and begin a run.

        Raises:
            JournalError: It cannot be opened or written.
        """

    async def close(self) -> None:
        """Write what is left, give back the leases and close. Closing twice has no effect.

        Waits for a journal that does not answer only up to a bound. Cancelled: it is closed at
        once, and what was not written is missing.
        """

    def hurry(self) -> None:
        """Let nobody wait for the journal any longer, from now on or already: the way out begins.

        What was accepted is still written down as soon as that is possible. What waits to be sent
        is refused.
        """

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def intend(
        self, submission: Submission, budget: Budget | None, own: Budget | None = None
    ) -> None:
        """Record that a submission is about to be sent, and commit its part of the budget.

        Args:
            submission: What is going to be sent as soon as this returns.
            budget: The most that all processes of this journal may spend together.
            own: The most of it at this submission's server and account.

        Raises:
            BudgetExceededError: It would exceed the budget; nothing was recorded.
            DuplicateSubmissionError: The key was used for another payload.
            JournalError: It cannot be recorded, so it must not be sent.
        """

    async def sending(self, key: str) -> None:
        """Record that a submission is about to be sent again.

        Raises:
            JournalError: It cannot be recorded, so it must not be sent.
        """

    def postponed(self, key: str) -> None:
        """Report that the provider is known not to have a submission, which is sent later."""

    async def accepted(
        self, key: str, refs: Sequence[JobRef], *, is_findable: bool = False
    ) -> None:
        """Record that the provider has a submission, and under which ids.

        Returns once the journal alone leads back to the jobs. The jobs exist, so a journal that
        refuses does not raise: the ids go to the log at once, and are tried again as reports are.

        Args:
            key: The submission.
            refs: Its jobs, in their order.
            is_findable: Whether another process could ask the provider for it by its key: then the
                intent leads back to it, and the ids may be on the disk a moment later.
        """

    def rejected(self, key: str, error: QuantumAsyncError) -> None:
        """Report that a submission does not exist; its part of the budget is free again."""

    def unknown(self, key: str, error: QuantumAsyncError) -> None:
        """Report that nobody can say whether a submission exists."""

    def fetched(self, job: str, result: Result, cost: Cost | None = None) -> None:
        """Report a job's result; the first one stands.

        Args:
            job: The job's key.
            result: What was measured.
            cost: What it cost, where the provider told.
        """

    def ended(self, job: str, state: WorkState, error: QuantumAsyncError) -> None:
        """Report that a job has ended without a result, and why.

        Args:
            job: The job's key.
            state: How it ended.
            error: Why.
        """

    def detached(self, job: str) -> None:
        """Report that this process no longer answers for a job."""

    async def intend_batch(
        self, request: BatchRequest, provider: str, account: str, identity: str = ""
    ) -> None:
        """Record that a batch is about to be opened.

        Args:
            request: The batch.
            provider: Registry name of the provider.
            account: Which account of the provider.
            identity: Which server and account it is at.

        Raises:
            JournalError: It cannot be recorded, so it must not be opened.
        """

    async def batch_opened(self, ref: BatchRef) -> None:
        """Record a batch's id; a journal that refuses does not raise, as in `accepted`."""

    def batch_closed(self, key: str) -> None:
        """Report that a batch is closed, or was never opened."""

    async def claim(
        self, run: str | None, served: Mapping[tuple[str, str], str | Collection[str]]
    ) -> Claim:
        """Take over unfinished work that no living process answers for.

        Args:
            run: One run; all that can be had by default.
            served: The providers and accounts that this process has clients for, and the
                identity of each client.

        Raises:
            JournalError: The run is unknown, belongs to a living process, or needs a provider
                that is not served.
        """
        return Claim()

    async def claim_sweep(self, plan: SweepPlan) -> Claim:
        """Take over a named sweep, or begin it; outcomes of its points are part of the claim.

        Raises:
            DuplicateSubmissionError: The name was used for another plan.
            JournalError: A living process answers for it.
        """
        return Claim()

    async def claim_job(self, key: str, identity: str = "") -> tuple[StoredJob | None, bool]:
        """Look a job up by its key, and take it over where nobody answers for it.

        Args:
            key: The job's key.
            identity: Where this process would follow it; a job of another server is left.

        Returns:
            The job, or ``None``, and whether this process answers for it now.
        """
        return None, False

    async def key_of(self, ref: JobRef, identity: str) -> str:
        """Look up our key of a job by the provider's id of it.

        Args:
            ref: Its reference, which lacks the key.
            identity: At which server and account it is.

        Returns:
            The key; empty where nothing is known of the job.
        """
        return ""

    async def claim_batch(self, key: str) -> bool:
        """Take over a batch where nobody answers for it.

        Args:
            key: The batch's key.

        Returns:
            Whether no other process answers for it: also where nothing is known of it.
        """
        return True

    async def claim_unknown(self, key: str) -> StoredSubmission:
        """Take over a submission of which nobody can say whether it exists, to settle it.

        Args:
            key: The key of the submission, or of one of its jobs.

        Raises:
            JournalError: There is none under this key, it is not unknown, or a living process
                answers for it.
        """
        raise JournalError(
            f"without a journal nothing is known of {key}",
            remedy="Give the scheduler the journal that the submission was written to.",
        )

    async def settle(self, key: str, outcome: Sequence[JobRef] | QuantumAsyncError) -> None:
        """Record what became of a submission that was unknown.

        Args:
            key: The submission's key.
            outcome: Its jobs, in their order, or why there are none: it does not exist.

        Raises:
            JournalError: It cannot be recorded.
        """

    async def renew(self) -> frozenset[str]:
        """Renew this process's leases.

        Returns:
            The scopes that another process has taken over: work there has to stop.

        Raises:
            JournalError: It cannot be written.
        """
        return frozenset()

    def remaining(self, scope: str) -> float:
        """Seconds for which the lease of a scope is certainly ours; looks at the clock alone.

        Negative once that is not certain any more, and minus infinity once it is known to be lost.
        """
        return float("inf")

    def holds(self, scope: str) -> bool:
        """Whether the lease of a scope is certainly still ours; looks at the clock alone."""
        return self.remaining(scope) > 0
