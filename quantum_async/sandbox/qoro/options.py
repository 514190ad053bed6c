"""What can be set of the Qoro service alone."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class QoroOptions(BaseModel):
    """How the Qoro service behaves where its documentation leaves it open.

    Args:
        scheduled: Whether a completed job that waits is called ``SCHEDULED``.
        locked_token: A token of a deactivated account.
        max_page: Most rows of one page of results.
        max_body: Most bytes of one upload.
        max_bond_dimension: The cap of the account's tier.
        balance: Credits of the account.
        transactions: How many movements of credits there are.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")

    scheduled: bool = False
    locked_token: str = "locked"  # noqa: S105  a name for tests
    max_page: int = 100
    max_body: int = 1024 * 1024
    max_bond_dimension: int = 32
    balance: str = "500.00"
    transactions: int = 1
