"""Delivery: bring one create to the provider until it has it, refuses it, or nobody can say.

What may be repeated follows the provider's grade. Not sent: again. Refused for its pace (429):
again, when the provider says. An answer that was lost: the key is looked up first, and only what
is known not to exist is sent again.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import anyio

from quantum_async.errors import (
    DefectError,
    LostAnswerError,
    NotSentError,
    ProtocolError,
    QuantumAsyncError,
    RateLimitedError,
    ServerError,
    SubmissionUnknownError,
)
from quantum_async.http.retry import RetryPolicy, own_attempts, repeat, warn
from quantum_async.models.capabilities import SubmissionGrade

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from quantum_async.http.retry import Failure
    from quantum_async.providers.base import ProviderClient

    Notify: TypeAlias = Callable[[QuantumAsyncError], None]

T = TypeVar("T")

ATTEMPTS = 12
FIRST_WAIT = 0.2
LONGEST_WAIT = 30.0
LOOKS = 6
"""Searches spread over the settle delay."""

AMBIGUOUS = (LostAnswerError, ServerError, ProtocolError)


class UnknownPolicy(StrEnum):
    """What to do with a submission that nobody can look up."""

    AT_MOST_ONCE = "at_most_once"
    """Report it, never send it again: a job may be lost to us, none runs twice."""
    AT_LEAST_ONCE = "at_least_once"
    """Send it again: no job is missing, one may run, and be billed, twice."""


class Delivery:
    """Deliver one create under one key.

    Args:
        client: Where to.
        key: What the create carries on the wire, where the protocol has a place for it.
        patience: Longest time in seconds for all attempts together.
        policy: What to do where nothing can be looked up.
        notify: Called with the reason before each repetition.
        grade: What can be promised about a lost answer; the provider's own by default.
    """

    def __init__(
        self,
        client: ProviderClient,
        key: str,
        *,
        patience: float,
        policy: UnknownPolicy,
        notify: Notify,
        grade: SubmissionGrade | None = None,
    ) -> None:
        self._client = client
        self._key = key
        self._retry = RetryPolicy(
            attempts=ATTEMPTS, total=patience, first=FIRST_WAIT, longest=LONGEST_WAIT
        )
        self._policy = policy
        self._notify = notify
        self._grade = grade or client.capabilities.grade

    async def deliver(
        self,
        create: Callable[[], Awaitable[T]],
        find: Callable[[], Awaitable[T | None]],
    ) -> T:
        """Create until it is known to exist.

        Args:
            create: One attempt.
            find: Looks the key up; ``None`` where there is nothing under it.

        Raises:
            SubmissionUnknownError: The answer was lost and cannot be looked up.
            QuantumAsyncError: The provider refused, or stayed out of reach.
        """

        async def attempt() -> T:
            try:
                return await create()
            except AMBIGUOUS as error:
                if error.accepted == "no":
                    # As for a link to an upload that was not followed: nothing depends on it.
                    raise
                return await self._settle(error, find)
            except DefectError as error:
                return await self._despite(error, find)

        return await repeat(attempt, self._retry, _may_repeat, told=self._put_off)

    async def resume(
        self,
        create: Callable[[], Awaitable[T]],
        find: Callable[[], Awaitable[T | None]],
        *,
        quiet: float = 0.0,
    ) -> T:
        """Find out what became of a create whose process has ended; create again where that is safe.

        Args:
            create: One attempt.
            find: Looks the key up; ``None`` where there is nothing under it.
            quiet: Seconds until nothing of it can be under way any more: only from then on
                finding nothing begins to mean that there is nothing.

        Raises:
            SubmissionUnknownError: It cannot be looked up.
            QuantumAsyncError: The provider refused, or stayed out of reach.
        """
        try:
            lost = LostAnswerError("the process that sent it has ended")
            return await self._settle(lost, find, quiet)
        except _NotThereError as error:
            self._notify(error)
        return await self.deliver(create, find)

    async def _settle(
        self,
        error: QuantumAsyncError,
        find: Callable[[], Awaitable[T | None]],
        quiet: float = 0.0,
    ) -> T:
        """Find out what became of a create whose answer was lost."""
        if self._grade is SubmissionGrade.AT_MOST_ONCE:
            if self._policy is UnknownPolicy.AT_LEAST_ONCE:
                await anyio.sleep(quiet)
                raise _NotThereError(f"{error}; sent again by policy") from error
            raise self.unknown(error, "this provider offers no way to look it up") from error
        found = await self._look_up(error, find, quiet)
        if found is None:
            raise _NotThereError(f"{error}; the provider does not have it") from error
        return found

    async def _despite(self, error: DefectError, find: Callable[[], Awaitable[T | None]]) -> T:
        """Find what a client may have sent before something foreign was raised in it."""
        if error.accepted != "unknown" or self._grade is SubmissionGrade.AT_MOST_ONCE:
            raise error
        found = await self._look_up(error, find, 0.0)
        if found is None:
            # Sending it again would meet the same defect.
            raise error.concerning(accepted="no")
        return found

    async def _look_up(
        self, error: QuantumAsyncError, find: Callable[[], Awaitable[T | None]], quiet: float
    ) -> T | None:
        """Search until the provider must have listed it, if it has it."""
        delay = self._client.capabilities.settle_delay
        looks = LOOKS if delay else 1
        start = anyio.current_time()
        # Early looks adopt quickly; only the one after the whole delay proves absence.
        moments = [start + quiet + delay * 2 ** (look - looks + 1) for look in range(looks)]
        if quiet:
            moments.insert(0, start)
        for moment in moments:
            await anyio.sleep_until(moment)
            try:
                # Its errors end in an unknown submission: the create is not repeated for them.
                with own_attempts():
                    found = await find()
            except SubmissionUnknownError:
                raise
            except QuantumAsyncError as failure:
                if moment == moments[-1]:
                    raise self.unknown(error, f"looking it up failed: {failure}") from failure
                continue
            if found is not None:
                return found
        return None

    def unknown(self, error: QuantumAsyncError, why: str) -> SubmissionUnknownError:
        """Build the error for a create that may or may not exist."""
        return SubmissionUnknownError(
            f"the answer to a submission was lost ({error}), and {why}",
            key=self._key,
            provider=self._client.provider,
            request_id=error.request_id,
            remedy=(
                f"Look for key {self._key} at the provider before sending it again; it may exist "
                "and be billed."
            ),
        )

    async def _put_off(self, failure: Failure) -> None:
        await warn(failure)
        if failure.seconds is not None:
            self._notify(failure.error)


def _may_repeat(error: QuantumAsyncError) -> bool:
    return isinstance(error, (NotSentError, RateLimitedError))


class _NotThereError(NotSentError):
    """The provider does not have it, so sending it again duplicates nothing."""
