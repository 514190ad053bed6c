"""The default wire: aiohttp's connections without its redirects, repeats, cookies and guesses."""

from __future__ import annotations

import sys
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import aiohttp
import anyio
from yarl import URL

from quantum_async.errors import ConfigurationError
from quantum_async.http.deadlines import Deadlines, Waiting
from quantum_async.http.failures import ConnectFailureError, is_network_failure, transport_error
from quantum_async.http.fence import PASSAGE
from quantum_async.http.options import Trust, tls_context
from quantum_async.http.proxies import ProxyRoutes
from quantum_async.http.response import Response

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping

    from aiohttp.tracing import Trace

    from quantum_async.http.proxies import Proxy
    from quantum_async.http.response import Connection, Outgoing
    from quantum_async.http.timeouts import Timeouts


_SHORTEST = len("https://")


class _Server(NamedTuple):
    scheme: str
    authority: str
    proxy: Proxy | None


class Targets:
    """Finds where requests go. Taking an address apart costs more than all else before sending it.

    Args:
        proxies: The choice of proxies.
    """

    def __init__(self, proxies: ProxyRoutes) -> None:
        self._proxies = proxies
        self._servers: dict[str, _Server] = {}

    def find(self, address: str) -> tuple[URL, Proxy | None]:
        """Return an address, to be sent byte for byte, and the proxy on the way.

        Args:
            address: Absolute and encoded.
        """
        # From where a host has begun, so that it is not one of the scheme's.
        slash = address.find("/", _SHORTEST)
        server = self._servers.get(address[:slash])
        if server is None or slash < 0 or "#" in address or not address.isprintable():
            return self._look_at(address, slash)
        path, _, query = address[slash:].partition("?")
        url = URL.build(
            scheme=server.scheme,
            authority=server.authority,
            path=path,
            query_string=query,
            encoded=True,
        )
        return url, server.proxy

    def _look_at(self, address: str, slash: int) -> tuple[URL, Proxy | None]:
        url = URL(address, encoded=True)
        proxy = self._proxies.proxy_for(url.scheme, url.host or "")
        start = f"{url.scheme}://{url.raw_authority}"
        if start == address[:slash]:
            self._servers[start] = _Server(url.scheme, url.raw_authority, proxy)
        return url, proxy


CHUNK = 64 * 1024
_AT_ONCE = 64 * 1024
_IN_ONE_PIECE = 512 * 1024
_CLOSING = 5.0
_KEEP_ALIVE = 15.0

# aiohttp would guess a body's type; requests here carry what they should. It takes time to tell
# it, so that it is not told of what a request without a body carries in any case.
_NOT_ADDED: Final = ("User-Agent", "Content-Type", "Accept", "Accept-Encoding")

_waiting: ContextVar[Waiting | None] = ContextVar("_waiting", default=None)


class _InterruptedError(Exception):
    """A failure on an established connection, under a name that aiohttp will not repeat."""


class _HeldBackError(Exception):
    """The fence let nothing leave; carries its error past aiohttp, which rewrites some kinds.

    Args:
        error: What the fence has raised.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class _Connector(aiohttp.TCPConnector):
    """A connector whose every failure says that nothing was sent.

    aiohttp writes to a connection as soon as it has it, so this is where the fence is looked at.
    """

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109  its name there
    ) -> aiohttp.connector.Connection:
        try:
            connection = await super().connect(req, traces, timeout)
        except (aiohttp.ClientError, OSError) as error:
            raise ConnectFailureError from error
        waiting = _waiting.get()
        if (passage := PASSAGE.get()) is not None:
            try:
                left = passage.leave(req.method)
            except Exception as error:
                connection.release()
                raise _HeldBackError(error) from error
            if waiting is not None:
                waiting.ends_within(left)
        if waiting is not None:
            waiting.connected(connection)
        return connection


async def _never_repeat(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    # aiohttp repeats idempotent methods by itself after these two. Repeating is decided above,
    # where attempts are counted, paced and told apart from a first try.
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _InterruptedError from error


class AiohttpWire:
    """Carry requests on aiohttp's connections.

    Args:
        trust: The trust store for TLS.
        proxies: The choice of proxies.
    """

    def __init__(self, *, trust: Trust = None, proxies: ProxyRoutes | None = None) -> None:
        self._trust = trust
        self._targets = Targets(proxies or ProxyRoutes())
        self._clients: dict[Connection, aiohttp.ClientSession] = {}
        self._tls: ssl.SSLContext | None = None
        self._deadlines: Deadlines | None = None

    async def open(self) -> None:
        """Make the connection pools. Sends nothing.

        Raises:
            ConfigurationError: This is no task of asyncio, on which alone aiohttp runs.
        """
        try:
            self._deadlines = Deadlines()
        except RuntimeError:
            raise ConfigurationError(
                "connections to a provider need asyncio, and this is another event loop",
                remedy="Start it with asyncio.run; under Trio use quantum_async.blocking in a "
                "worker thread.",
            ) from None
        self._clients = {
            "kept": _client(
                _Connector(limit=0, resolver=_resolver(), keepalive_timeout=_KEEP_ALIVE)
            ),
            "fresh": _client(_Connector(limit=0, resolver=_resolver(), force_close=True)),
        }

    async def close(self) -> None:
        """Close every connection, within a few seconds."""
        clients, self._clients = self._clients, {}
        deadlines, self._deadlines = self._deadlines, None
        with anyio.move_on_after(_CLOSING, shield=True):
            for client in clients.values():
                await client.close()
        if deadlines is not None:
            deadlines.close()

    async def exchange(self, request: Outgoing) -> Response:
        """Send a request and read its whole answer."""
        before = sys.exception()
        try:
            if request.content is not None and len(request.content) > _AT_ONCE:
                return await self._uploaded(request)
            return await self._answered(request)
        except Exception as error:  # noqa: BLE001 -- what means nothing is raised again
            failure = _meant(error, before)
        # Out of reach of aiohttp's exceptions: variables of its frames hold the headers.
        raise failure from failure.__cause__

    async def _uploaded(self, request: Outgoing) -> Response:
        # Only aiohttp knows when a long body has gone, from which time on the server is silent.
        answer = await self._send(request, _limits(request.timeouts))
        try:
            return Response(answer.status, answer.headers, await answer.read())
        except BaseException:
            answer.close()
            raise

    async def _answered(self, request: Outgoing) -> Response:
        if self._deadlines is None:
            raise _closed()
        waiting = Waiting(self._deadlines, request.timeouts)
        token = _waiting.set(waiting)
        try:
            limit = _limit_to_connect(request.timeouts.connect, request.timeouts.total)
            answer = await self._send(request, limit)
            response = await _read(answer, waiting)
            if not waiting.is_too_long:
                return response
            # A body whose end is that of its connection seemed to end when this was torn off.
        except Exception as error:
            if not (waiting.is_too_long and _is_failure(error)):
                raise
        finally:
            _waiting.reset(token)
            waiting.over()
        raise TimeoutError

    @asynccontextmanager
    async def stream(self, request: Outgoing) -> AsyncGenerator[_AiohttpDownload]:
        """Send a request and hand its answer over while the body comes in."""
        answer = await self._begun(request)
        try:
            yield _AiohttpDownload(answer)
        finally:
            # A body that was not read to its end leaves the connection unusable.
            answer.close()

    async def _begun(self, request: Outgoing) -> aiohttp.ClientResponse:
        before = sys.exception()
        try:
            return await self._send(request, _limits(request.timeouts))
        except Exception as error:  # noqa: BLE001 -- what means nothing is raised again
            failure = _meant(error, before)
        raise failure from failure.__cause__

    async def _send(
        self, request: Outgoing, limits: aiohttp.ClientTimeout
    ) -> aiohttp.ClientResponse:
        _refuse_beside_respx()
        try:
            url, proxy = self._targets.find(request.url)
        except ValueError:
            raise ConnectFailureError("the address cannot be read") from None
        if url.scheme == "https" and self._tls is None:
            self._tls = await anyio.to_thread.run_sync(tls_context, self._trust)
        headers: Mapping[str, str] = request.headers
        content = request.content
        data: bytes | AsyncIterator[bytes] | None = content
        if proxy is not None and url.scheme == "http":
            # No tunnel is made for these: the request itself is what the proxy reads.
            headers = {**headers, **proxy.headers}
        if content is not None and len(content) > _IN_ONE_PIECE:
            headers = {**headers, "Content-Length": str(len(content))}
            data = _pieces(content)
        client = self._clients.get(request.connection)
        if client is None:
            raise _closed()
        return await client.request(
            request.method,
            url,
            headers=headers,
            data=data,
            skip_auto_headers=None if request.method == "GET" else _NOT_ADDED,
            allow_redirects=False,
            timeout=limits,
            ssl=self._tls or True,
            proxy=proxy.url if proxy else None,
            proxy_headers=proxy.headers if proxy else None,
        )


def _refuse_beside_respx() -> None:
    """Keep a test that mocks httpx from reaching the real service, which may bill what it is sent.

    Raises:
        ConfigurationError: A router of respx is active, and does not see aiohttp's requests.
    """
    mocks = sys.modules.get("respx.mocks")
    if mocks is not None and any(mocker.routers for mocker in mocks.Mocker.registry.values()):
        raise ConfigurationError(
            "respx is active, and this request would pass it by and reach the real address",
            accepted="no",
            remedy="Make the client with options=SessionOptions("
            "transport=httpx.AsyncHTTPTransport()), whose requests respx answers.",
        )


class _AiohttpDownload:
    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer
        self.status = answer.status
        self.headers = answer.headers

    async def chunks(self) -> AsyncIterator[bytes]:
        chunks = self._answer.content.iter_chunked(CHUNK)
        while chunk := await self._next(chunks):
            yield chunk

    async def _next(self, chunks: AsyncIterator[bytes]) -> bytes:
        before = sys.exception()
        try:
            return await anext(chunks, b"")
        except Exception as error:  # noqa: BLE001 -- what means nothing is raised again
            failure = _meant(error, before)
        raise failure from failure.__cause__

    async def complete(self) -> Response:
        content = b"".join([chunk async for chunk in self.chunks()])
        return Response(self.status, self.headers, content)


def _client(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        middlewares=(_never_repeat,),
    )


def _resolver() -> aiohttp.ThreadedResolver:
    # The system's own resolver, whether or not a library that replaces it is installed.
    return aiohttp.ThreadedResolver()


@lru_cache
def _limits(timeouts: Timeouts) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(
        total=timeouts.total, connect=timeouts.connect, sock_read=timeouts.read
    )


@lru_cache
def _limit_to_connect(connect: float | None, total: float | None) -> aiohttp.ClientTimeout:
    limits = [limit for limit in (connect, total) if limit is not None]
    return aiohttp.ClientTimeout(connect=min(limits, default=None))


def _closed() -> ConnectFailureError:
    return ConnectFailureError("the session was closed meanwhile")


async def _read(answer: aiohttp.ClientResponse, waiting: Waiting) -> Response:
    content = answer.content
    try:
        if content.is_eof():
            # Short answers are all there when their first line is.
            return Response(answer.status, answer.headers, content.read_nowait())
        waiting.heard()
        parts: list[bytes] = []
        while part := await content.readany():
            waiting.heard()
            parts.append(part)
    except BaseException:
        answer.close()
        raise
    return Response(answer.status, answer.headers, b"".join(parts))


def _meant(error: Exception, before: BaseException | None) -> Exception:
    """Say what an exception means for the request; what is no failure of the network is raised."""
    if isinstance(error, _HeldBackError):
        return error.error.with_traceback(None)
    if not _is_failure(error):
        raise error
    return transport_error(error, before=before)


def _is_failure(error: Exception) -> bool:
    return isinstance(error, _InterruptedError) or is_network_failure(error)


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    # One write of megabytes would hold the loop and the memory of a second copy.
    for start in range(0, len(content), CHUNK):
        yield content[start : start + CHUNK]
