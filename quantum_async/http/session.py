"""A session: everything that one client sends to one provider goes through it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NoReturn, Self
from urllib.parse import urljoin

from quantum_async.errors import ConfigurationError, ProtocolError
from quantum_async.http.address import BaseUrl, is_loopback, split_link
from quantum_async.http.dispatch import Call, Dispatcher
from quantum_async.http.options import SessionOptions
from quantum_async.http.redact import redact_url, unpicklable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping
    from types import TracebackType

    from quantum_async.http.address import Query
    from quantum_async.http.auth import Auth
    from quantum_async.http.dispatch import LaneName
    from quantum_async.http.encode import Body
    from quantum_async.http.failures import Explain
    from quantum_async.http.redact import Secrets
    from quantum_async.http.response import Connection, Download, Response
    from quantum_async.http.timeouts import Timeouts

_REDIRECTS = 5
_SHOWN = 200


class Session:
    """Sends requests to one provider, and turns whatever comes back into a value or an error.

    Constructing a session sends nothing. It is opened before its first request and closed after
    its last, on one event loop. Its methods may be called any number of times at once.

    The method says what may happen to a request when its answer is lost:

    | method                                  | repeated | for                              |
    |-----------------------------------------|----------|----------------------------------|
    | `read`, `stream`                        | yes      | whatever changes nothing         |
    | `write`                                 | yes      | what may be done twice: cancel   |
    | `create`                                | never    | what would be billed twice       |
    | `fetch_url`, `stream_url`, `upload_url` | yes      | presigned links, no credentials  |

    A refused token is renewed once, and the request sent again, in each of them: a request that
    was refused for its credentials has done nothing.

    Args:
        base_url: Where paths begin, such as ``https://host/api``.
        provider: Registry name of the provider, for errors and logs.
        auth: The credentials.
        headers: Sent with every request to the base URL.
        options: What the user may choose.
        explain: How this provider words its errors, if not in a usual way.

    Raises:
        ConfigurationError: The base URL is malformed, or credentials would travel in the clear.

    ```python
    import httpx

    from quantum_async.http.options import SessionOptions
    from quantum_async.http.session import Session


    async def devices() -> object:
        answering = httpx.MockTransport(lambda request: httpx.Response(200, json=["FRESNEL"]))
        options = SessionOptions(transport=answering)
        async with Session("https://cloud.example/api", provider="demo", options=options) as s:
            return (await s.read("/devices", query={"limit": 100})).json()
    ```
    """

    def __init__(
        self,
        base_url: str,
        *,
        provider: str,
        auth: Auth | None = None,
        headers: Mapping[str, str] | None = None,
        options: SessionOptions | None = None,
        explain: Explain | None = None,
    ) -> None:
        self.base_url: BaseUrl = BaseUrl(base_url)
        self.provider = provider
        if auth is not None and not self.base_url.carries_secrets_safely:
            raise ConfigurationError(
                f"credentials for {provider} would be sent without encryption",
                provider=provider,
                remedy="Use an https address; http is allowed for this machine only.",
            )
        self._dispatcher = Dispatcher(
            provider=provider,
            auth=auth,
            headers=headers or {},
            options=options or SessionOptions(),
            explain=explain,
        )

    def __repr__(self) -> str:
        state = "open" if self.is_open else "closed"
        return f"<Session of {self.provider} at {self.base_url}, {state}>"

    @property
    def secrets(self) -> Secrets:
        """What it knows that nobody may read; a login adds what it is issued."""
        return self._dispatcher.secrets

    @property
    def is_open(self) -> bool:
        """Whether requests can be sent."""
        return self._dispatcher.is_open

    async def open(self) -> None:
        """Make the connection pools. Sends nothing; opening an open session has no effect."""
        await self._dispatcher.open()

    async def close(self) -> None:
        """Close every connection, within a few seconds. Closing twice has no effect."""
        await self._dispatcher.close()

    def __reduce__(self) -> NoReturn:
        raise unpicklable("a session")

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def read(
        self,
        path: str,
        *,
        method: str = "GET",
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
        lane: LaneName = "data",
        timeouts: Timeouts | None = None,
    ) -> Response:
        """Ask for something that asking does not change; repeated if it fails.

        Args:
            path: Below the base URL; encode ids with `segment`.
            method: ``"POST"`` where a provider's search needs a body.
            query: Parameters, in their order.
            headers: Beside the session's own.
            body: See `quantum_async.http.encode`.
            lane: ``"control"`` for polls.
            timeouts: Other limits than the session's, such as for a long poll.

        Raises:
            QuantumAsyncError: See `create`; every attempt failed, and this is how the last did.
        """
        call = Call(method, self.base_url.join(path, query), lane, headers, body, timeouts)
        return await self._dispatcher.repeatedly(call)

    async def write(
        self,
        path: str,
        *,
        method: str = "POST",
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
        lane: LaneName = "control",
        timeouts: Timeouts | None = None,
    ) -> Response:
        """Change something in a way that may be done twice: cancel, close; repeated if it fails.

        Takes and raises what `read` does.
        """
        call = Call(method, self.base_url.join(path, query), lane, headers, body, timeouts)
        return await self._dispatcher.repeatedly(call)

    async def create(
        self,
        path: str,
        *,
        method: str = "POST",
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
        lane: LaneName = "data",
        timeouts: Timeouts | None = None,
        connection: Connection = "kept",
    ) -> Response:
        """Make something that must not be made twice. Sent once, whatever happens.

        Cancelled: whether the provider accepted is then unknown, unless it was still waiting for
        its turn.

        Args:
            path: Below the base URL; encode ids with `segment`.
            method: ``"PUT"`` where the id is ours.
            query: Parameters, in their order.
            headers: Beside the session's own.
            body: See `quantum_async.http.encode`.
            lane: ``"control"`` for what must not wait behind data.
            timeouts: Other limits than the session's.
            connection: ``"fresh"`` where a lost answer cannot be looked up afterwards, so that a
                connection which the server has just closed never makes an unsent request an
                unknown one. Costs a handshake.

        Raises:
            NotSentError: Nothing was sent; sending again is safe.
            LostAnswerError: Sent, and perhaps acted upon.
            AuthenticationError: The credentials were refused, also after renewing them.
            RejectedRequestError: Refused, so nothing was made; `RateLimitedError` for 429.
            ServerError: The provider failed, perhaps after acting.
            ProtocolError: The provider redirects, which only a wrong base URL explains.
        """
        call = Call(method, self.base_url.join(path, query), lane, headers, body, timeouts)
        call.connection = connection
        return await self._dispatcher.once(call)

    @asynccontextmanager
    async def stream(
        self,
        path: str,
        *,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
        timeouts: Timeouts | None = None,
    ) -> AsyncGenerator[Download]:
        """Read a large answer piece by piece; repeated until it begins, and not afterwards.

        It holds a connection of the data lane until the block is left. Takes and raises what
        `read` does; `Download.chunks` raises `LostAnswerError` when the body breaks off.
        """
        call = Call("GET", self.base_url.join(path, query), "data", headers, timeouts=timeouts)
        async with self._dispatcher.streamed(call) as download:
            yield download

    async def fetch_url(self, url: str, *, timeouts: Timeouts | None = None) -> Response:
        """Read a presigned link: without our credentials, following redirects; repeated.

        Args:
            url: Absolute; sent as it is, byte for byte, for its signature to hold.
            timeouts: Other limits than the session's.

        Raises:
            ProtocolError: Nobody can read the link, or what it leads to would travel without
                encryption; nothing was sent.
            QuantumAsyncError: See `create`. An expired link is a `PermissionDeniedError` or a
                `NotFoundError`, by the storage's taste.
        """
        redirects = 0
        while True:
            call = self._presigned("GET", url, timeouts=timeouts)
            call.follows = True
            response = await self._dispatcher.repeatedly(call)
            if response.status < 300:
                return response
            if redirects == _REDIRECTS:
                raise ProtocolError(
                    f"{redact_url(url)} redirects more than {_REDIRECTS} times",
                    status=response.status,
                    provider=self.provider,
                    request_id=response.request_id,
                    remedy="The storage redirects in a circle: ask for a new link.",
                )
            url = self._redirected(url, response)
            redirects += 1

    @asynccontextmanager
    async def stream_url(
        self, url: str, *, timeouts: Timeouts | None = None
    ) -> AsyncGenerator[Download]:
        """Read a presigned link piece by piece, without following redirects; see `stream`."""
        call = self._presigned("GET", url, timeouts=timeouts)
        async with self._dispatcher.streamed(call) as download:
            yield download

    async def upload_url(
        self,
        url: str,
        body: Body,
        *,
        headers: Mapping[str, str] | None = None,
        timeouts: Timeouts | None = None,
    ) -> Response:
        """Put a body where a presigned link leads: without our credentials; repeated.

        Args:
            url: Absolute; sent as it is, byte for byte.
            body: What to store. Its media type is sent unless `headers` name another.
            headers: What the storage asks for.
            timeouts: Other limits than the session's.

        Raises:
            ProtocolError: As of `fetch_url`.
            QuantumAsyncError: See `create`.
        """
        call = self._presigned("PUT", url, headers=headers, body=body, timeouts=timeouts)
        return await self._dispatcher.repeatedly(call)

    def _presigned(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
        timeouts: Timeouts | None = None,
    ) -> Call:
        self.check_link(url)
        return Call(method, url, "data", headers, body, timeouts, presigned=True)

    def check_link(self, url: str) -> None:
        """Refuse an address that a service has named, where it must not be followed.

        Args:
            url: The address.

        Raises:
            ProtocolError: Nobody can read it, or whatever is sent there would travel without
                encryption, which is for this machine only.
        """
        parts = split_link(url)
        if parts is None:
            what = "cannot be read"
        elif parts.scheme != "https" and not is_loopback(parts.hostname or ""):
            what = "is not encrypted"
        else:
            return
        # Its query may be a signature, which is as good as a password.
        shown = redact_url(url).partition("?")[0]
        raise ProtocolError(
            f"the service names an address that {what}: {shown[:_SHOWN]}",
            provider=self.provider,
            accepted="no",
            remedy="Something between here and the service may have answered: check the proxy.",
        )

    def _redirected(self, url: str, response: Response) -> str:
        named = response.headers.get("location", "")
        try:
            target = urljoin(url, named)
        except ValueError:
            target = named
        if url.startswith("https:") and not target.lower().startswith("https:"):
            raise ProtocolError(
                "a link redirects from https to an address without encryption",
                status=response.status,
                provider=self.provider,
                request_id=response.request_id,
                remedy="Something between here and the storage may have answered: check the proxy.",
            )
        return target
