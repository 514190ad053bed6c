"""The purse: what a scheduler has committed to spend, against its budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.errors import BudgetExceededError

if TYPE_CHECKING:
    from quantum_async.models.cost import Budget, Cost


class Purse:
    """Count jobs and shots before they are sent.

    Args:
        budget: The most that may be spent, or ``None`` for no limit.
    """

    def __init__(self, budget: Budget | None) -> None:
        self._budget = budget
        self.jobs: int = 0
        self.shots: int = 0
        self.credits: float = 0.0
        self.cost: float = 0.0

    def take(self, *, jobs: int, shots: int) -> None:
        """Commit to some jobs.

        Args:
            jobs: How many.
            shots: Their shots in all.

        Raises:
            BudgetExceededError: They would exceed the budget; nothing is committed.
        """
        budget = self._budget
        if budget is not None:
            _check("jobs", self.jobs + jobs, budget.jobs)
            _check("shots", self.shots + shots, budget.shots)
            _check_spent("credits", self.credits, budget.credits)
            _check_spent("cost", self.cost, budget.cost)
        self.jobs += jobs
        self.shots += shots

    def give_back(self, *, jobs: int, shots: int) -> None:
        """Undo `take` for jobs that were not accepted."""
        self.jobs -= jobs
        self.shots -= shots

    def pay(self, cost: Cost | None) -> None:
        """Note what a finished job cost, where its provider told."""
        if cost is None:
            return
        if cost.is_credits:
            self.credits += cost.amount
        else:
            self.cost += cost.amount


def _check_spent(what: str, spent: float, limit: float | None) -> None:
    # What a job will cost is known afterwards only, so the first one beyond the limit is the last.
    if limit is not None and spent >= limit:
        raise BudgetExceededError(
            f"the budget of {limit:g} {what} is spent: {spent:g} so far",
            remedy=f"Raise budget {what}; nothing of this job was sent.",
        )


def _check(what: str, wanted: int, limit: int | None) -> None:
    if limit is not None and wanted > limit:
        raise BudgetExceededError(
            f"the budget of {limit} {what} does not allow {wanted}",
            remedy=f"Raise budget {what}, or submit less; nothing of this job was sent.",
        )
