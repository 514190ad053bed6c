"""The gateway: sends requests to the Qoro service, and reads what comes back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from quantum_async.errors import (
    AuthenticationError,
    LostAnswerError,
    ProtocolError,
    QuantumAsyncError,
    ResponseError,
)
from quantum_async.http.session import Session

if TYPE_CHECKING:
    from types import TracebackType

    from quantum_async.http.address import Query
    from quantum_async.http.auth import Auth
    from quantum_async.http.encode import Body
    from quantum_async.http.lanes import LaneName
    from quantum_async.http.options import SessionOptions
    from quantum_async.http.response import Response

Model = TypeVar("Model", bound=BaseModel)


class Gateway:
    """Requests to the Qoro service.

    Args:
        url: Where it listens.
        auth: What proves who is asking, or ``None``.
        options: What the user chose of connections.

    Raises:
        ConfigurationError: The address is malformed, or the key would travel in the clear.
    """

    def __init__(self, url: str, auth: Auth | None, options: SessionOptions) -> None:
        self._session = Session(url, provider="qoro", auth=auth, options=options)
        self._timeouts = options.timeouts
        self._has_key = auth is not None

    @property
    def url(self) -> str:
        """Where the service listens."""
        return str(self._session.base_url)

    @property
    def is_open(self) -> bool:
        """Whether requests can be sent."""
        return self._session.is_open

    async def open(self) -> None:
        """Make connection pools. Sends nothing."""
        await self._session.open()

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()

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
        with Wording(wanted, job_id):
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
        with Wording(wanted, job_id):
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
        with Wording(wanted, job_id):
            return await self._session.create(
                path, body=body, timeouts=timeouts, connection="fresh"
            )

    def _check(self) -> None:
        if not self._has_key:
            raise AuthenticationError(
                "the Qoro service needs an API key",
                provider="qoro",
                remedy="Pass api_key=, or set QORO_API_KEY and use QoroClient.from_env().",
            )


class Wording:
    """Say in an error what was wanted, and of which job.

    Args:
        wanted: What was tried, such as ``"cancel the job"``.
        job_id: The job concerned.
    """

    def __init__(self, wanted: str, job_id: str | None = None) -> None:
        self._wanted = f"{wanted} {job_id}" if job_id else wanted
        self._job_id = job_id

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, ResponseError | LostAnswerError | AuthenticationError):
            word(error, self._wanted, self._job_id)


def word(error: QuantumAsyncError, wanted: str, job_id: str | None = None) -> None:
    """Put what was wanted and the request's id into an error's message.

    Args:
        error: The error; changed.
        wanted: What was tried.
        job_id: The job concerned.
    """
    request = f" (request {error.request_id})" if error.request_id else ""
    error.args = (f"{wanted}: {error.args[0]}{request}",)
    error.concerning(provider="qoro", job_id=job_id)


def parse(kind: type[Model], response: Response, job_id: str | None = None) -> Model:
    """Read an answer.

    Args:
        kind: What it must be.
        response: The answer.
        job_id: The job concerned.

    Raises:
        ProtocolError: It is something else.
    """
    try:
        return kind.model_validate_json(response.content)
    except ValidationError as error:
        try:
            response.json()  # says better what is wrong where it is no JSON at all
        except ProtocolError as found:
            raise found.concerning(provider="qoro", job_id=job_id) from None
        found_first = error.errors()[0]
        place = ".".join(map(str, found_first["loc"])) or "the answer"
        raise ProtocolError(
            f"the service's answer is not what it should be: {place}: {found_first['msg']}",
            status=response.status,
            provider="qoro",
            job_id=job_id,
            request_id=response.request_id,
            body=response.text[:500],
            remedy="Update this package; if that does not help, report it.",
        ) from None
