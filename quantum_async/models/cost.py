"""What a job costs, and how much may be spent."""

from __future__ import annotations

from dataclasses import dataclass

from quantum_async.models.numbers import check_number


@dataclass(frozen=True, slots=True)
class Cost:
    """An amount in the provider's own unit.

    Args:
        amount: How much.
        unit: A currency code such as ``"USD"``, or the provider's word such as ``"credits"``.
        is_estimate: Whether the provider may still bill something else.
    """

    amount: float
    unit: str
    is_estimate: bool = False

    @property
    def is_credits(self) -> bool:
        """Whether the unit is the provider's credits rather than money."""
        return "credit" in self.unit.lower()

    def __str__(self) -> str:
        about = "about " if self.is_estimate else ""
        return f"{about}{self.amount:g} {self.unit}"


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that a scheduler may spend; a job that would exceed it is never sent.

    Args:
        jobs: Largest number of jobs.
        shots: Largest total number of shots.
        credits: Largest total in provider credits, where the provider tells.
        cost: Largest total in the provider's currency, where the provider tells.
    """

    jobs: int | None = None
    shots: int | None = None
    credits: float | None = None
    cost: float | None = None

    def __post_init__(self) -> None:
        for name in ("jobs", "shots", "credits", "cost"):
            value = getattr(self, name)
            if value is not None:
                check_number(
                    f"budget {name}", value, endless=True, remedy="Leave it out to set no limit."
                )
