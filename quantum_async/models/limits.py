"""How much a scheduler does at once, and how often it asks."""

from __future__ import annotations

from dataclasses import dataclass

from quantum_async.errors import InvalidOptionError
from quantum_async.models.numbers import check_number

_WHOLE = frozenset({"jobs_in_flight", "requests_in_flight", "jobs_per_submission"})
_NEEDED = frozenset({"min_poll_interval", "max_poll_interval", "patience"})


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one scheduler towards each of its providers; ``None`` takes the provider's own.

    Args:
        jobs_in_flight: Most jobs that are accepted and not finished.
        requests_in_flight: Most concurrent requests.
        jobs_per_submission: Most jobs of one wire submission.
        submissions_per_second: Most submissions in one second.
        min_poll_interval: Shortest time in seconds between two polls of a job.
        max_poll_interval: Longest time in seconds between two polls of a job.
        patience: How long, in seconds, a provider may fail, refuse to answer or know nothing of a
            job before the wait for it is given up here; it goes on there. Results are asked for
            as long, by ten requests at most.

    Example:
        ```python
        import quantum_async as qa

        qa.Limits(jobs_in_flight=3)  # a queue that takes three jobs
        qa.Limits(submissions_per_second=0.5)  # one submission every two seconds
        qa.Limits(max_poll_interval=5.0)  # ask at least every five seconds
        ```
    """

    jobs_in_flight: int | None = None
    requests_in_flight: int | None = None
    jobs_per_submission: int | None = None
    submissions_per_second: float | None = None
    min_poll_interval: float = 0.1
    max_poll_interval: float = 300.0
    patience: float = 1800.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if value is not None or name in _NEEDED:
                check_number(
                    f"limit {name}",
                    value,
                    whole=name in _WHOLE,
                    positive=True,
                    endless=name not in _WHOLE,
                    remedy="Leave it out to take the usual limit.",
                )
        if self.min_poll_interval > self.max_poll_interval:
            raise InvalidOptionError(
                "min_poll_interval is longer than max_poll_interval",
                remedy="Give both, the shorter one as min_poll_interval.",
            )
