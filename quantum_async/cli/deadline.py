"""The error of a command that was given too little time."""

from __future__ import annotations

from quantum_async.errors import WaitTimeoutError


class DeadlineError(WaitTimeoutError):
    """The time that --timeout gives has passed, and unfinished jobs were cancelled."""

    def __init__(self, unfinished: str, seconds: float | None) -> None:
        super().__init__(
            f"{unfinished} had not finished after {seconds:g} s",
            remedy="Give --timeout more seconds, or leave it out.",
        )
