"""What a provider can do; the scheduler plans by it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SubmissionGrade(StrEnum):
    """What can be promised about a submission whose answer was lost."""

    EXACT = "exact"
    """The job is created under our own id: reading it tells whether it exists."""
    RECONCILABLE = "reconcilable"
    """Our key is on the job, and the provider can search for it."""
    AT_MOST_ONCE = "at-most-once"
    """Nobody can look it up: it is never sent twice, and may be ``unknown``."""


class Binding(StrEnum):
    """Who puts the values of a sweep into the program."""

    SERVER = "server"
    CLIENT = "client"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a provider can do and how much it takes at once.

    Args:
        grade: What can be promised about a lost answer.
        binding: Who binds parameters.
        open_batch: Whether jobs can be added to a batch that stays open.
        jobs_per_submission: Most jobs of one wire submission.
        payload_limit: Most bytes of one wire submission, or ``None``.
        shared_job: Whether a submission is one job of the provider, whose programs share its id
            and take one place in its queue.
        jobs_per_poll: Most ids that one `poll` asks about in one request.
        long_poll: Whether `poll` can wait on the server until something changes, so that no pause
            between two polls is needed.
        jobs_in_flight: Most unfinished jobs at a time, or ``None`` where no limit is known.
        requests_in_flight: Most concurrent requests that are polite.
        settle_delay: Time in seconds after which a search sees every accepted submission.
        cancel: Whether a job can be cancelled.
        bulk_results: Whether `fetch_many` gets the results of a whole batch in one request.
        outlives: Whether jobs go on when the process that submitted them ends.
        finds_additions: Whether jobs added to an open batch can be looked up by another process
            than the one that sent them.
        takes_back: Whether a `submit` that is cancelled takes back what it has sent of it: one that
            raises nothing else than its cancellation has left nothing behind that runs.
        tells_what_left: Whether all its requests go through the package's HTTP session, which
            knows whether one had left when something that nobody expects is raised.
    """

    grade: SubmissionGrade
    binding: Binding = Binding.CLIENT
    open_batch: bool = False
    jobs_per_submission: int = 1
    payload_limit: int | None = None
    shared_job: bool = False
    jobs_per_poll: int = 1
    long_poll: bool = False
    jobs_in_flight: int | None = None
    requests_in_flight: int = 16
    settle_delay: float = 0.0
    cancel: bool = True
    bulk_results: bool = False
    outlives: bool = True
    finds_additions: bool = True
    takes_back: bool = False
    tells_what_left: bool = False
