"""One request on its way: its turn, its pace, its credentials, its repetition and its errors."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Literal, TypeVar

import anyio
import anyio.to_thread

from quantum_async.errors import (
    ConfigurationError,
    InvalidOptionError,
    NotSentError,
    QuantumAsyncError,
    RateLimitedError,
    ServerError,
)
from quantum_async.http.failures import error_for
from quantum_async.http.fence import PASSAGE, PAST_PAUSES
from quantum_async.http.redact import Headers, Secrets, is_secret_name, redact_url
from quantum_async.http.response import Outgoing
from quantum_async.http.retry import repeat
from quantum_async.http.telemetry import Observer, RetryEvent

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

    from quantum_async.http.auth import Auth
    from quantum_async.http.encode import Body
    from quantum_async.http.failures import Explain
    from quantum_async.http.options import SessionOptions
    from quantum_async.http.response import Connection, Download, Response, Wire
    from quantum_async.http.retry import Failure
    from quantum_async.http.telemetry import Answer
    from quantum_async.http.timeouts import Timeouts


LaneName = Literal["data", "control"]
"""``"control"`` for polls, cancellation and closing; ``"data"`` for everything else.

Each lane has connections of its own, so that a thousand downloads cannot hold up a poll.
"""


class Lane:
    """A number of requests that may be under way at once; others wait in order.

    Args:
        name: For messages.
        limit: How many at once.
    """

    def __init__(self, name: LaneName, limit: int) -> None:
        self.name = name
        self._slots = anyio.Semaphore(limit, fast_acquire=True)

    def enters(self) -> bool:
        """Take a place if one is free, and say whether it was."""
        try:
            self._slots.acquire_nowait()
        except anyio.WouldBlock:
            return False
        return True

    async def wait(self, patience: float | None) -> None:
        """Take a place as soon as one is free.

        Args:
            patience: The longest wait in seconds.

        Raises:
            NotSentError: No place came free in time.
        """
        with anyio.move_on_after(patience):
            await self._slots.acquire()
            return
        raise NotSentError(
            f"no connection of the {self.name} lane came free in {patience:g} s",
            remedy="Allow more connections, or a longer pool timeout.",
        )

    def leave(self) -> None:
        """Give the place back."""
        self._slots.release()


_NEVER = float("-inf")
_HASTE = 1.0
"""The longest wait for the rate, in seconds, where pauses are not waited for."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How many requests a provider is sent.

    Args:
        per_second: The steady rate.
        burst: How many may go at once after a quiet time.

    Raises:
        InvalidOptionError: A number is not positive.
    """

    per_second: float
    burst: int = 1

    def __post_init__(self) -> None:
        if not self.per_second > 0 or self.burst < 1:
            raise InvalidOptionError(
                "a rate limit needs a positive rate and a burst of 1 or more",
                remedy="Below one a second, give a fraction: RateLimit(per_second=0.5).",
            )


class Pacer:
    """Lets requests to one endpoint through, no faster than its rate and not during a pause.

    Args:
        limit: The rate; `None` for no limit but what the provider imposes.
        clock: Monotonic time in seconds.
        sleep: How to wait.
    """

    def __init__(
        self,
        limit: RateLimit | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._interval = 1.0 / limit.per_second if limit else 0.0
        self._burst = limit.burst if limit else 1
        self._clock = clock
        self._sleep = sleep
        self._full_at = _NEVER
        self._paused_until = _NEVER
        self._pauses = 0

    def pause(self, seconds: float) -> None:
        """Hold every further request of this endpoint back for a time, as its provider asked."""
        self._paused_until = max(self._paused_until, self._clock() + seconds)
        self._pauses += 1
        # Places given out before the pause are void. Afterwards there is no burst: the provider
        # has just said that it was too much.
        self._full_at = self._paused_until + (self._burst - 1) * self._interval

    @property
    def is_free(self) -> bool:
        """Whether there is neither a rate nor a pause, so that nobody waits for a turn."""
        return self._interval == 0.0 and self._paused_until == _NEVER

    async def turn(self, patience: float) -> None:
        """Wait until a request may be sent.

        Args:
            patience: The longest pause in seconds that is waited out. The rate is always waited
                for; past pauses (see `quantum_async.http.fence`) for a second at most.

        Raises:
            RateLimitedError: The provider imposed a longer pause; nothing was sent.
        """
        if self.is_free:
            return
        if PAST_PAUSES.get():
            now = self._clock()
            if self._paused_until <= now and (wait := self._take_place() - now) > 0.0:
                await self._sleep(min(wait, _HASTE))
            return
        while True:
            await self._wait_out_pause(patience)
            pauses = self._pauses
            wait = self._take_place() - self._clock()
            if wait > 0.0:
                await self._sleep(wait)
            if pauses == self._pauses:
                return

    async def _wait_out_pause(self, patience: float) -> None:
        while (left := self._paused_until - self._clock()) > 0.0:
            if left > patience:
                raise _paused(left)
            await self._sleep(left)
        self._paused_until = _NEVER

    def _take_place(self) -> float:
        # The bucket as one number: the time at which it will be full again.
        now = self._clock()
        start = max(now, self._full_at - (self._burst - 1) * self._interval)
        self._full_at = max(now, self._full_at) + self._interval
        return start


def _paused(left: float) -> RateLimitedError:
    error = RateLimitedError(
        f"the provider asked for a pause, {left:.0f} s of which are left; nothing was sent",
        status=429,
        remedy="Try again when the pause is over.",
    )
    error.retry_after = left
    return error


_Answer = TypeVar("_Answer", bound="Answer")
_Result = TypeVar("_Result")


@cache
def general_headers() -> Mapping[str, str]:
    """Return what is sent where a session does not say otherwise."""
    from importlib.metadata import version

    return {
        "Accept": "*/*",
        "Accept-Encoding": "gzip, deflate",
        "User-Agent": f"quantum-async/{version('quantum_async')}",
    }


_LONGEST_PAUSE = 900.0
_REDIRECTING = frozenset({301, 302, 303, 307, 308})


@dataclass(slots=True, eq=False)
class Call:
    """What a session was asked to do.

    Args:
        method: The HTTP method.
        url: Absolute and encoded.
        lane: Which lane it takes.
        headers: Beside the session's own.
        body: What to send.
        timeouts: Other limits than the session's.
        connection: Whether a kept-alive connection will do.
        presigned: Whether the URL itself is the credential: then no other goes with it, and its
            server is not the provider whose rate is kept.
        follows: Whether the caller follows redirects.
        attempt: Which attempt is under way, from 1.
        sent: How many requests it has been, those with refused credentials included.
    """

    method: str
    url: str = field(repr=False)
    lane: LaneName
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    body: Body | None = None
    timeouts: Timeouts | None = None
    connection: Connection = "kept"
    presigned: bool = False
    follows: bool = False
    attempt: int = 1
    sent: int = 0


class Dispatcher:
    """Sends calls and judges their answers.

    Args:
        provider: Registry name of the provider.
        auth: The credentials.
        headers: Sent with every call that is not presigned.
        options: What the user chose.
        explain: How this provider words its errors.
    """

    def __init__(
        self,
        *,
        provider: str,
        auth: Auth | None,
        headers: Mapping[str, str],
        options: SessionOptions,
        explain: Explain | None,
    ) -> None:
        self._provider = provider
        self._auth = auth
        self._further_headers = headers
        self._headers: Mapping[str, str] = {}
        self._credentials: Mapping[str, str] | None = None
        self._authorised_headers: Mapping[str, str] = {}
        self._options = options
        self._explain = explain
        self._pacer = Pacer(options.rate, clock=options.clock, sleep=options.sleep)
        self._observer = Observer(provider, options.hooks, options.clock)
        self.secrets: Secrets = Secrets()
        """What of all that is sent nobody may read."""
        self._signatures = Secrets()
        for name, value in headers.items():
            if is_secret_name(name):
                self.secrets.add(value)
        self._lanes: dict[LaneName, Lane] = {}
        self._wire: Wire | None = None
        self._opening = anyio.Lock()

    @property
    def is_open(self) -> bool:
        """Whether calls can be sent."""
        return self._wire is not None

    async def open(self) -> None:
        """Make lanes and connection pools."""
        async with self._opening:
            if self._wire is not None:
                return
            wire = await anyio.to_thread.run_sync(_wire_for, self._options, self.secrets)
            self._headers = merged(general_headers(), self._further_headers)
            self._credentials = None
            await wire.open()
            self._lanes = {
                "data": Lane("data", self._options.connections),
                "control": Lane("control", self._options.control_connections),
            }
            self.secrets.open()
            self._signatures.open()
            self._wire = wire

    async def close(self) -> None:
        """Close every connection."""
        wire, self._wire = self._wire, None
        self.secrets.close()
        self._signatures.close()
        if wire is not None:
            await wire.close()

    async def once(self, call: Call) -> Response:
        """Send a call, and return its answer if that is a success.

        Raises:
            QuantumAsyncError: It is not, or there is none.
        """
        try:
            response = await self._answered(call)
            if not _is_welcome(call, response.status):
                raise self._refusal(call, response)
        except QuantumAsyncError as error:
            # Also what the wait for a lane, a pause or a token has raised, which know no provider.
            error.concerning(provider=self._provider)
            raise
        return response

    async def _answered(self, call: Call) -> Response:
        lane = self._lane(call)
        if not lane.enters():
            await lane.wait(self._timeouts(call).pool)
        try:
            if not (call.presigned or self._pacer.is_free):
                await self._pacer.turn(self._options.retry.total)
            return await self._authorised(call, self._exchange)
        finally:
            lane.leave()

    def repeatedly(self, call: Call) -> Awaitable[Response]:
        """Send a call as often as the retry policy allows until it succeeds."""
        return self._repeating(call, self.once)

    @asynccontextmanager
    async def streamed(self, call: Call) -> AsyncGenerator[Download]:
        """Send a call until its answer begins, and hand that over."""
        async with AsyncExitStack() as stack:

            def attempt(call: Call) -> Awaitable[Download]:
                return self._opened(call, stack)

            try:
                yield await self._repeating(call, attempt)
            except QuantumAsyncError as error:
                # A body that breaks off raises in the caller's block.
                error.concerning(provider=self._provider)
                raise

    async def _opened(self, call: Call, stack: AsyncExitStack) -> Download:
        async with AsyncExitStack() as held:
            lane = self._lane(call)
            if not lane.enters():
                await lane.wait(self._timeouts(call).pool)
            held.callback(lane.leave)
            if not (call.presigned or self._pacer.is_free):
                await self._pacer.turn(self._options.retry.total)

            async def begin(outgoing: Outgoing) -> Download:
                return await held.enter_async_context(self._open_wire.stream(outgoing))

            download = await self._authorised(call, begin)
            if not _is_welcome(call, download.status):
                raise self._refusal(call, await download.complete())
            stack.push_async_exit(held.pop_all())
            return download

    async def _repeating(
        self, call: Call, attempt: Callable[[Call], Awaitable[_Result]]
    ) -> _Result:
        policy = self._options.retry
        if policy.attempts == 1:
            return await attempt(call)

        async def announce(failure: Failure) -> None:
            if failure.seconds is None:
                return
            call.attempt = failure.attempt + 1
            url, error = redact_url(call.url), failure.error
            event = RetryEvent(
                self._provider, call.method, url, failure.attempt, failure.seconds, error
            )
            await self._observer.retrying(event)

        return await repeat(
            lambda: attempt(call),
            policy,
            policy.repeats,
            told=announce,
            clock=self._options.clock,
            sleep=self._options.sleep,
        )

    async def _authorised(
        self, call: Call, send: Callable[[Outgoing], Awaitable[_Answer]]
    ) -> _Answer:
        if self._auth is None or call.presigned:
            return await self._observed(call, None, send)
        # Asked for now rather than before the wait for a lane, in which a token could expire.
        headers = await self._auth.headers()
        answer = await self._observed(call, headers, send)
        if answer.status == 401:
            challenge = answer.headers.get("www-authenticate", "")
            if await self._auth.challenged(headers, challenge):
                answer = await self._observed(call, await self._auth.headers(), send)
        return answer

    def _observed(
        self,
        call: Call,
        credentials: Mapping[str, str] | None,
        send: Callable[[Outgoing], Awaitable[_Answer]],
    ) -> Awaitable[_Answer]:
        outgoing = self._outgoing(call, credentials)
        if not self._observer.is_listened_to:
            return send(outgoing)
        return self._reported(call, outgoing, send)

    async def _reported(
        self, call: Call, outgoing: Outgoing, send: Callable[[Outgoing], Awaitable[_Answer]]
    ) -> _Answer:
        async def send_with(headers: Mapping[str, str]) -> _Answer:
            if headers and not call.presigned:
                outgoing.headers = {**outgoing.headers, **headers}
            return await send(outgoing)

        event = self._observer.event(call.method, call.url, call.lane, call.attempt)
        call.sent += 1
        return await self._observer.observe(event, send_with, call.sent - 1)

    def _outgoing(self, call: Call, credentials: Mapping[str, str] | None) -> Outgoing:
        if call.presigned:
            headers = general_headers()
            self._signatures.add_signature(call.url)
        else:
            headers = self._authorising(credentials)
        if call.body is not None:
            headers = merged(headers, call.body.headers)
            for secret in call.body.secrets:
                self.secrets.add(secret)
        if call.headers is not None:
            headers = merged(headers, call.headers)
        content = None if call.body is None else call.body.content
        timeouts = self._timeouts(call)
        if (passage := PASSAGE.get()) is not None:
            timeouts = timeouts.within(passage.remaining())
        return Outgoing(call.method, call.url, headers, content, timeouts, call.connection)

    def _authorising(self, credentials: Mapping[str, str] | None) -> Mapping[str, str]:
        # The same object for as long as the credentials are: most requests need nothing else.
        if credentials is None:
            return self._headers
        if self._credentials is not credentials:
            self._credentials = credentials
            self._authorised_headers = Headers({**self._headers, **credentials})
            for value in credentials.values():
                self.secrets.add(value)
                self.secrets.add(value.partition(" ")[2])
        return self._authorised_headers

    def _exchange(self, outgoing: Outgoing) -> Awaitable[Response]:
        return self._open_wire.exchange(outgoing)

    @property
    def _open_wire(self) -> Wire:
        if self._wire is None:
            raise self._not_open()
        return self._wire

    def _lane(self, call: Call) -> Lane:
        if self._wire is None:
            raise self._not_open()
        if PAST_PAUSES.get():
            # The places may all be taken by requests that wait for the end of the pause.
            return Lane(call.lane, 1)
        return self._lanes[call.lane]

    def _not_open(self) -> ConfigurationError:
        return ConfigurationError(
            f"the session of {self._provider} is not open",
            provider=self._provider,
            remedy="Enter the client with `async with`, or give it to a scheduler that does.",
        )

    def _timeouts(self, call: Call) -> Timeouts:
        return call.timeouts or self._options.timeouts

    def _refusal(self, call: Call, response: Response) -> QuantumAsyncError:
        error = error_for(response, provider=self._provider, explain=self._explain)
        if not call.presigned and (pause := _pause_asked_for(error)):
            self._pacer.pause(min(pause, _LONGEST_PAUSE))
        return error


def merged(headers: Mapping[str, str], further: Mapping[str, str]) -> dict[str, str]:
    """Join headers; the further ones replace those of the same name in any case.

    Args:
        headers: The first.
        further: The stronger.
    """
    replaced = {name.lower() for name in further}
    kept = {name: value for name, value in headers.items() if name.lower() not in replaced}
    return Headers({**kept, **further})


def _is_welcome(call: Call, status: int) -> bool:
    return 200 <= status < 300 or (call.follows and status in _REDIRECTING)


def _pause_asked_for(error: QuantumAsyncError) -> float | None:
    return error.retry_after if isinstance(error, RateLimitedError | ServerError) else None


def _wire_for(options: SessionOptions, secrets: Secrets) -> Wire:
    # In a worker thread, because all this takes longer than an event loop may stand still.
    general_headers()
    if options.transport is not None:
        from quantum_async.http.httpx_wire import HttpxWire

        return HttpxWire(options.transport)
    from quantum_async.http.aiohttp_wire import AiohttpWire
    from quantum_async.http.proxies import ProxyRoutes

    return AiohttpWire(trust=options.ca, proxies=ProxyRoutes(options.proxy, secrets))
