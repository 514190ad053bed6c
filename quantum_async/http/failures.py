"""The one place that decides whether a failed request can have reached the provider."""

from __future__ import annotations

import socket
import ssl
import sys
from typing import TYPE_CHECKING

from quantum_async.errors import LostAnswerError, NotSentError, QuantumAsyncError, TransportError
from quantum_async.http.redact import redact

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

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
    failure = kind(f"{_WHAT_HAPPENED[kind]}: {_describe(root)}", remedy=_remedy(kind, chain))
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


def _remedy(kind: type[TransportError], chain: list[BaseException]) -> str:
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
