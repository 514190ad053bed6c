"""How one call becomes requests: lanes, pacing, credentials, repetition and errors, in order."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, TypeVar

import anyio
import anyio.to_thread

from quantum_async.errors import (
    ConfigurationError,
    QuantumAsyncError,
    RateLimitedError,
    ServerError,
)
from quantum_async.http.answers import error_for
from quantum_async.http.fence import PASSAGE, PAST_PAUSES
from quantum_async.http.lanes import Lane
from quantum_async.http.rate import Pacer
from quantum_async.http.redact import Headers, Secrets, is_secret_name, redact_url
from quantum_async.http.retry import repeat
from quantum_async.http.telemetry import Observer, RetryEvent
from quantum_async.http.wire import Outgoing

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

    from quantum_async.http.answers import Explain
    from quantum_async.http.auth import Auth
    from quantum_async.http.encode import Body
    from quantum_async.http.lanes import LaneName
    from quantum_async.http.options import SessionOptions
    from quantum_async.http.response import Response
    from quantum_async.http.retry import Failure
    from quantum_async.http.telemetry import Answer
    from quantum_async.http.timeouts import Timeouts
    from quantum_async.http.wire import Connection, Download, Wire

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
