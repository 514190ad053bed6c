"""From a failure to our error: what never arrived, and what the provider refused."""

from __future__ import annotations

import json
import math
import re
import socket
import ssl
import sys
import time
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from quantum_async.errors import (
    AuthenticationError,
    ConflictError,
    LostAnswerError,
    NotFoundError,
    NotSentError,
    PermissionDeniedError,
    ProtocolError,
    QuantumAsyncError,
    RateLimitedError,
    RejectedRequestError,
    ResponseError,
    ServerError,
    TransportError,
)
from quantum_async.http.redact import is_secret_name, redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import ModuleType

    from quantum_async.http.response import Response


_NETWORK_LIBRARIES = frozenset({"aiohttp", "anyio", "h11", "h2", "httpcore", "httpx"})


class ConnectFailureError(Exception):
    """No connection was handed over, so no byte of the request can have left.

    Raised *around* whatever connects, so that it states a fact about when the failure happened
    and no conclusion from what it is called.
    """


def is_network_failure(error: Exception) -> bool:
    """Say whether an exception comes from the network rather than from a mistake in code."""
    if isinstance(error, QuantumAsyncError):
        # Some are errors of the system by their class as well.
        return False
    if isinstance(error, OSError | EOFError | ConnectFailureError):
        return True
    return any(
        cls.__module__.partition(".")[0] in _NETWORK_LIBRARIES for cls in type(error).__mro__
    )


def transport_error(error: Exception, *, before: BaseException | None) -> TransportError:
    """Turn a network failure into what it means for the request.

    The decision follows the root cause. The names that HTTP libraries give to failures are not
    used: a reset after the request was sent has been seen as a connect timeout. When the causes
    leave a doubt, the answer counts as lost.

    Args:
        error: What was raised.
        before: The exception that was being handled when the attempt began. It and its causes
            are in ``error.__context__`` without having anything to do with this attempt.
    """
    chain = list(_causes(error, before))
    kind = NotSentError if _never_sent(chain) else LostAnswerError
    root = chain[-1]
    failure = kind(f"{_WHAT_HAPPENED[kind]}: {_describe(root)}", remedy=_remedy_of(kind, chain))
    failure.__cause__ = _presentable(root)
    failure.__suppress_context__ = True
    return failure


_WHAT_HAPPENED: dict[type[TransportError], str] = {
    NotSentError: "the request could not be sent",
    LostAnswerError: "the request was sent but its answer was lost",
}


def _causes(error: BaseException, before: BaseException | None) -> Iterator[BaseException]:
    unrelated = set()
    while before is not None:
        unrelated.add(id(before))
        before = before.__cause__ or before.__context__
    link: BaseException | None = error
    seen: set[int] = set()
    while link is not None and id(link) not in seen and id(link) not in unrelated:
        # A timeout's cause is the cancellation that it was made with, which explains nothing.
        if isinstance(link, QuantumAsyncError) or not isinstance(link, Exception):
            return
        yield link
        seen.add(id(link))
        # A context that is hidden from tracebacks is a cause all the same: httpcore does that.
        link = link.__cause__ or link.__context__


def _never_sent(chain: list[BaseException]) -> bool:
    aiohttp = sys.modules.get("aiohttp")
    for link in chain:
        if isinstance(link, ConnectFailureError):
            return True
        if aiohttp is not None and isinstance(link, aiohttp.ClientError):
            return _never_sent_by_aiohttp(link, aiohttp)
    return _only_from_connecting(chain[-1])


def _only_from_connecting(root: BaseException) -> bool:
    # One failure for each address of the host.
    if isinstance(root, BaseExceptionGroup):
        return all(_only_from_connecting(error) for error in root.exceptions)
    # Everything else that may happen while connecting (reset, timeout, unreachable) may happen
    # later as well.
    return isinstance(root, ConnectionRefusedError | socket.gaierror | ssl.SSLCertVerificationError)


def _never_sent_by_aiohttp(error: BaseException, aiohttp: ModuleType) -> bool:
    return isinstance(
        error,
        (
            aiohttp.ClientConnectorError,
            aiohttp.ClientConnectorCertificateError,
            aiohttp.ClientHttpProxyError,
            aiohttp.ConnectionTimeoutError,
        ),
    )


def _describe(root: BaseException) -> str:
    if isinstance(root, TimeoutError):
        return "no answer in time" if not str(root) else redact(str(root))
    text = redact(str(root)).strip()
    return f"{text[:300]} ({type(root).__name__})" if text else type(root).__name__


def _presentable(root: BaseException) -> BaseException | None:
    # The exceptions of HTTP libraries print URLs and hold headers; those of the system do not.
    return root if isinstance(root, OSError) and type(root).__module__ in _PLAIN_MODULES else None


_PLAIN_MODULES = frozenset({"builtins", "socket", "ssl"})


def _remedy_of(kind: type[TransportError], chain: list[BaseException]) -> str:
    if kind is LostAnswerError:
        return "Whether the provider acted on it is not known: look before sending it again."
    names = " ".join(cls.__name__ for link in chain for cls in type(link).__mro__)
    if "Proxy" in names:
        return "Check the proxy: HTTP_PROXY, HTTPS_PROXY and NO_PROXY, or the proxy option."
    if isinstance(chain[-1], socket.gaierror) or "DNS" in names:
        return "Check the host name and the network."
    if isinstance(chain[-1], ssl.SSLError):
        return "Check the address, or name your certificate authority with the ca option."
    return "Check the address and the network; sending it again is safe."


if TYPE_CHECKING:
    Explain = Callable[[Response], str | None]
    """A provider's own way of finding the words of an error; `None` leaves it to the general."""

LONGEST = 500
"""How many characters of the provider's words an error keeps."""

_ENOUGH = 16 * 1024


def error_for(
    response: Response, *, provider: str | None = None, explain: Explain | None = None
) -> QuantumAsyncError:
    """Make the error that an answer with a status of 300 or more means.

    Args:
        response: The answer.
        provider: Registry name of the provider.
        explain: Where the provider puts its words, if not in one of the usual places.
    """
    words = _explained(response, explain) or words_of(response)
    message = f"{_shorten(words) or _phrase(response.status)} (HTTP {response.status})"
    error = _error(message, response)
    if isinstance(error, RateLimitedError | ServerError):
        error.retry_after = retry_after(response.headers)
    return error.concerning(provider=provider, request_id=response.request_id)


def _explained(response: Response, explain: Explain | None) -> str | None:
    try:
        return explain(response) if explain is not None else None
    except (ValueError, RecursionError):
        # An error is told in any case, whatever its body is.
        return None


def _error(message: str, response: Response) -> QuantumAsyncError:
    status = response.status
    if status == 401:
        return AuthenticationError(message, remedy="Check the credentials and log in again.")
    if status == 407:
        return NotSentError(message, remedy="The proxy asks for a user name and password.")
    if status == 403 and not _is_page(response):
        return PermissionDeniedError(
            message, remedy="Check the project, the role and the permissions of the account."
        )
    kind = _kind(status)
    return kind(
        message, status=status, body=_shorten(_start(response)), remedy=_remedy(status, response)
    )


def _kind(status: int) -> type[ResponseError]:
    if (known := _KINDS.get(status)) is not None:
        return known
    if status >= 500:
        return ServerError
    return RejectedRequestError if status >= 400 else ProtocolError


_KINDS: dict[int, type[ResponseError]] = {
    404: NotFoundError,
    408: ServerError,
    409: ConflictError,
    410: NotFoundError,
    412: ConflictError,
    425: ServerError,
    429: RateLimitedError,
}


def _remedy(status: int, response: Response) -> str | None:
    if 300 <= status < 400:
        return "The provider redirects elsewhere: check the base URL."
    if status == 403 and _is_page(response):
        return "A gateway or proxy refused this, not the provider: check network and address."
    if status == 429:
        return "Send fewer requests; a scheduler paces itself by this answer."
    if status >= 500 or status in (408, 425):
        return "The provider failed: try later, and give its support desk the request id."
    return None


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "the provider answered with an unknown status"


def retry_after(
    headers: Mapping[str, str], *, now: Callable[[], float] = time.time
) -> float | None:
    """Read how long the provider asks to wait, in seconds; `None` where it does not say.

    Args:
        headers: The answer's headers.
        now: Wall clock, used for dates where the answer does not carry its own.
    """
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        milliseconds = _number(headers.get(name, ""))
        if milliseconds is not None:
            return max(0.0, milliseconds / 1000)
    value = headers.get("retry-after", "")
    seconds = _number(value)
    if seconds is None and value:
        seconds = _until(value, headers.get("date"), now)
    return None if seconds is None else max(0.0, seconds)


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _until(value: str, date: str | None, now: Callable[[], float]) -> float | None:
    then = _moment(value)
    if then is None:
        return None
    # The difference of two of the server's own times does not depend on our clock.
    sent = _moment(date) if date else None
    return then - (now() if sent is None else sent)


def _moment(value: str) -> float | None:
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def words_of(response: Response) -> str | None:
    """Find what an error's body says for people, whatever its shape.

    Understands JSend, RFC 7807, OData, OAuth, FastAPI's and Django's bodies, lists of any of
    these, XML error documents, plain text and HTML pages.

    Args:
        response: An answer that is an error.
    """
    text = _start(response).strip()
    if not text:
        return None
    if text[0] in "{[":
        return _words_of_json(text)
    if text[0] == "<":
        return _words_of_markup(text)
    return text.splitlines()[0]


def _words_of_json(text: str) -> str:
    try:
        return _words(json.loads(text)) or text
    except (ValueError, RecursionError):
        return text


_CODES = ("code", "error_code", "errorCode")
_SPEAKING = ("message", "error_description", "detail", "description", "title", "msg", "reason")
_HOLDING = ("error", "errors", "data", "details", "innererror")


def _words(value: object, depth: int = 0) -> str | None:
    if isinstance(value, str):
        return value.strip() or None
    if depth > 6:
        return None
    if isinstance(value, list):
        found = [words for item in value[:5] if (words := _words(item, depth + 1))]
        return "; ".join(found) or None
    if isinstance(value, dict):
        return _words_of_object(value, depth)
    return None


def _words_of_object(value: dict[str, object], depth: int) -> str | None:
    parts = [_place(value)]
    parts += [code for name in _CODES if (code := _code(value.get(name)))][:1]
    said = next((s for name in _SPEAKING if (s := _words(value.get(name), depth + 1))), None)
    held = next((s for name in _HOLDING if (s := _words(value.get(name), depth + 1))), None)
    for part in (said, held):
        if part and part not in parts:
            parts.append(part)
    if said is None and held is None:
        parts += _words_of_fields(value, depth)
    return ": ".join(part for part in parts if part) or None


def _words_of_fields(value: dict[str, object], depth: int) -> list[str]:
    # Validation errors of Django and JSend name the field and list what is wrong with it.
    skipped = {*_CODES, "status"}
    fields = [name for name in value if name not in skipped and not is_secret_name(name)][:5]
    said = [f"{name}: {words}" for name in fields if (words := _words(value[name], depth + 1))]
    return ["; ".join(said)] if said else []


def _place(value: dict[str, object]) -> str:
    loc = value.get("loc")
    return ".".join(str(part) for part in loc) if isinstance(loc, list) else ""


def _code(value: object) -> str | None:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


_MARKUP_WORDS = re.compile(
    r"<(?P<tag>title|message|error_description|h1)\b[^>]*>(?P<words>.*?)</(?P=tag)\s*>",
    re.IGNORECASE | re.DOTALL,
)


def _words_of_markup(text: str) -> str:
    found = _MARKUP_WORDS.search(text)
    words = re.sub(r"<[^>]*>|\s+", " ", found["words"]).strip() if found else ""
    kind = "an HTML page" if "<html" in text.lower() else "a document"
    return f"{kind} instead of an answer: {words}" if words else f"{kind} instead of an answer"


def _is_page(response: Response) -> bool:
    return response.media_type == "text/html" or "<html" in _start(response)[:1000].lower()


def _start(response: Response) -> str:
    return response.content[:_ENOUGH].decode("utf-8", "replace")


def _shorten(words: str | None) -> str:
    # Redacted before it is cut, or a cut-off secret would no longer look like one.
    shown = redact(" ".join((words or "").split()))
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"
