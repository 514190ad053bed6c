"""Requests to the Qoro service: the key, what is asked, and what comes back."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

from quantum_async.errors import AuthenticationError, ConfigurationError
from quantum_async.http.auth import bearer, provided_auth
from quantum_async.http.session import Session
from quantum_async.models.advice import Advice, Setting
from quantum_async.providers.api import Api, Wording, read_answer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AsyncExitStack

    from quantum_async.http.address import Query
    from quantum_async.http.auth import Auth, TokenFunction, TokenProvider
    from quantum_async.http.dispatch import LaneName
    from quantum_async.http.encode import Body
    from quantum_async.http.options import SessionOptions
    from quantum_async.http.redact import Secret
    from quantum_async.http.response import Response


API_URL = "https://app.qoroquantum.net/api"
"""Where the service listens."""

KEY, URL, ACCOUNT = "QORO_API_KEY", "QUANTUM_ASYNC_QORO_URL", "QUANTUM_ASYNC_QORO_ACCOUNT"
OWN_KEY = "QUANTUM_ASYNC_QORO_API_KEY"


@dataclass(frozen=True, slots=True)
class QoroSettings:
    """What the environment says of the Qoro service.

    | variable                                     | meaning                                 |
    |----------------------------------------------|-----------------------------------------|
    | ``QUANTUM_ASYNC_QORO_API_KEY``, ``QORO_API_KEY`` | the API key                         |
    | ``QUANTUM_ASYNC_QORO_URL``                   | another address, such as the sandbox's  |
    | ``QUANTUM_ASYNC_QORO_ACCOUNT``               | which account, where there are several  |

    The process's environment alone counts: no ``.env`` file is searched for.
    """

    api_key: str = field(repr=False)
    url: str = API_URL
    account: str = ""

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> QoroSettings:
        """Read the variables; empty ones count as missing.

        Args:
            environ: Read instead of the process's environment.

        Raises:
            ConfigurationError: There is no API key.
        """
        given = os.environ if environ is None else environ
        found = {name: text for name, value in given.items() if (text := value.strip())}
        key = found.get(OWN_KEY) or found.get(KEY)
        if key is None:
            raise ConfigurationError(
                "the environment holds no API key of the Qoro service",
                provider="qoro",
                remedy=f"Set {KEY}.",
            )
        return cls(key, found.get(URL, API_URL), found.get(ACCOUNT, ""))


def credentials(
    api_key: str | Secret | None, token_provider: TokenProvider | TokenFunction | None
) -> Auth | None:
    """Make what proves who is asking; ``None`` where nothing was given.

    Args:
        api_key: The API key.
        token_provider: An object with ``get_token()`` or a function instead.

    Raises:
        ConfigurationError: Both were given, or the key cannot be put into a header.
    """
    if api_key is not None and token_provider is not None:
        raise ConfigurationError(
            "an API key and a token provider contradict each other",
            provider="qoro",
            remedy="Give one of them.",
        )
    if token_provider is not None:
        return provided_auth(token_provider)
    return bearer(api_key) if api_key is not None else None


Model = TypeVar("Model", bound=BaseModel)


class Gateway(Api):
    """Requests to the Qoro service.

    Args:
        url: Where it listens.
        auth: What proves who is asking, or ``None``.
        options: What the user chose of connections.

    Raises:
        ConfigurationError: The address is malformed, or the key would travel in the clear.
    """

    def __init__(self, url: str, auth: Auth | None, options: SessionOptions) -> None:
        super().__init__()
        self._session = Session(url, provider="qoro", auth=auth, options=options)
        self._timeouts = options.timeouts
        self._has_key = auth is not None

    @property
    def url(self) -> str:
        """Where the service listens."""
        return str(self._session.base_url)

    async def _enter(self, stack: AsyncExitStack) -> None:
        await stack.enter_async_context(self._session)

    async def read(
        self,
        path: str,
        wanted: str,
        *,
        job_id: str | None = None,
        query: Query | None = None,
        lane: LaneName = "data",
    ) -> Response:
        """Ask for something; repeated if it fails.

        Args:
            path: Below the address of the service.
            wanted: What is asked for, for errors.
            job_id: The job concerned.
            query: Parameters.
            lane: ``"control"`` for polls.

        Raises:
            QuantumAsyncError: It was refused, or could not be asked.
        """
        self._check()
        with _wording(wanted, job_id, exists=job_id is not None):
            return await self._session.read(path, query=query, lane=lane)

    async def write(
        self, path: str, wanted: str, *, job_id: str, method: str = "POST", body: Body | None = None
    ) -> Response:
        """Change something in a way that may be done twice; repeated if it fails.

        Args:
            path: Below the address of the service.
            wanted: What is asked for, for errors.
            job_id: The job concerned.
            method: The method.
            body: What is sent.

        Raises:
            QuantumAsyncError: It was refused, or could not be asked.
        """
        self._check()
        with _wording(wanted, job_id, exists=True):
            return await self._session.write(path, method=method, body=body)

    async def create(
        self,
        path: str,
        wanted: str,
        *,
        body: Body,
        job_id: str | None = None,
        patience: float | None = None,
    ) -> Response:
        """Make something that must not be made twice: sent once, on a connection of its own.

        Args:
            path: Below the address of the service.
            wanted: What is asked for, for errors.
            body: What is sent.
            job_id: The job concerned.
            patience: For how many seconds the service may stay silent, where that is not as usual.

        Raises:
            QuantumAsyncError: See `quantum_async.http.session.Session.create`.
        """
        self._check()
        usual = self._timeouts
        timeouts = None
        if patience is not None:
            total = None if usual.total is None else max(usual.total, patience)
            timeouts = replace(usual, read=patience, total=total)
        with _wording(wanted, job_id):
            return await self._session.create(
                path, body=body, timeouts=timeouts, connection="fresh"
            )

    def _check(self) -> None:
        if not self._has_key:
            raise AuthenticationError(
                "the Qoro service needs an API key",
                provider="qoro",
                remedy=Advice("Set ", Setting("api_key", variable="QORO_API_KEY"), "."),
            )


def parse(kind: type[Model], response: Response, job_id: str | None = None) -> Model:
    """Read an answer.

    Args:
        kind: What it must be.
        response: The answer.
        job_id: The job concerned.

    Raises:
        ProtocolError: It is something else.
    """
    return read_answer(kind, response, provider="qoro", job_id=job_id)


def _wording(wanted: str, job_id: str | None = None, *, exists: bool = False) -> Wording:
    of_job = f"{wanted} {job_id}" if job_id else wanted
    return Wording(of_job, provider="qoro", job_id=job_id, exists=exists)
