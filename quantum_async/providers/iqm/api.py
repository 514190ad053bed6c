"""Requests to an IQM server, and answers read as what they must be."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

import pydantic_core
from pydantic import BaseModel, TypeAdapter

from quantum_async.errors import AuthenticationError, ConfigurationError, QuantumAsyncError
from quantum_async.http.encode import off_loop
from quantum_async.http.redact import beginning
from quantum_async.http.session import Session
from quantum_async.http.timeouts import Timeouts
from quantum_async.providers.api import Api, read_answer, read_value
from quantum_async.providers.iqm.auth import Login

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AsyncExitStack

    from pydantic import JsonValue

    from quantum_async.errors import Accepted
    from quantum_async.http.address import Query
    from quantum_async.http.auth import Auth
    from quantum_async.http.encode import Body
    from quantum_async.http.options import SessionOptions
    from quantum_async.http.response import Response
    from quantum_async.providers.iqm.auth import Credentials


Model = TypeVar("Model", bound=BaseModel)
Value = TypeVar("Value")


def parse(kind: type[Model], response: Response, job_id: str | None = None) -> Model:
    """Read an answer.

    Args:
        kind: What it must be.
        response: The answer.
        job_id: The job concerned, where the server has it.

    Raises:
        ProtocolError: It is something else.
    """
    return read_answer(kind, response, provider="iqm", job_id=job_id)


def parse_value(adapter: TypeAdapter[Value], response: Response) -> Value:
    """Read an answer that is not an object.

    Raises:
        ProtocolError: It is something else.
    """
    return read_value(adapter, response, provider="iqm")


async def decoded(answer: Response) -> JsonValue:
    """Read JSON, off the loop when there is much of it.

    Raises:
        ProtocolError: It is not JSON.
    """
    with answer.decoding(provider="iqm"):
        try:
            document: JsonValue = await off_loop(pydantic_core.from_json, answer.content)
        except ValueError:
            answer.json()  # says better what is wrong
            raise
    return document


async def decoded_object(answer: Response) -> Mapping[str, JsonValue]:
    """Read a JSON object; anything else becomes an empty one."""
    document = await decoded(answer)
    return document if isinstance(document, dict) else {}


LONG_POLLS = 128
"""Answers that may be held back at the same time, each on a connection of its own."""

NOBODY = "This client was made without a token: pass token= or tokens_file=, or set IQM_TOKEN."

_WORDS = 300
_REQUEST = re.compile(r" \[request ([^\]\s]+)\]")


class Gateway(Api):
    """Requests to one server.

    Args:
        url: Its address.
        credentials: What proves who is asking.
        options: What the user chose of connections.
        clock: Wall clock, against which the end of tokens is compared.

    Raises:
        ConfigurationError: The address is malformed, or not encrypted and not this machine.
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        options: SessionOptions,
        clock: Callable[[], float],
    ) -> None:
        super().__init__()
        self.auth: Auth | None = credentials.auth(options, clock)
        self._clock = clock
        self._timeouts = options.timeouts
        self._session = Session(
            url, provider="iqm", auth=self.auth, options=options, explain=explained
        )
        if not self._session.base_url.carries_secrets_safely:
            raise ConfigurationError(
                "programs and results would travel without encryption",
                provider="iqm",
                remedy="Use an https address; http is allowed for this machine only.",
            )
        # Answers that are held back would otherwise keep submissions waiting for a connection.
        patient = replace(options, connections=max(LONG_POLLS, options.connections))
        self._patient = Session(
            url, provider="iqm", auth=self.auth, options=patient, explain=explained
        )

    def __str__(self) -> str:
        return str(self._session.base_url)

    async def _enter(self, stack: AsyncExitStack) -> None:
        if isinstance(self.auth, Login):
            await stack.enter_async_context(self.auth.session)
            stack.push_async_callback(self.auth.leave)
        for session in (self._session, self._patient):
            await stack.enter_async_context(session)

    def knows(self, *values: str | None) -> None:
        """Note what nobody may read, such as tokens that were issued.

        Args:
            *values: The strings; one may be missing.
        """
        for value in values:
            if value is not None:
                self._session.secrets.add(value)

    def traced(self, what: str) -> str:
        """Say of something that is being sent where and when that is.

        Args:
            what: What it is.
        """
        moment = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="seconds")
        return f"{what}, sent to {self} at {moment.replace('+00:00', 'Z')}"

    async def read(
        self,
        path: str,
        *,
        job_id: str | None = None,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Ask for something; repeated if it fails.

        Args:
            path: Where.
            job_id: The job concerned.
            query: Parameters of the address.
            headers: Beside the session's own.

        Raises:
            QuantumAsyncError: It was refused, or could not be asked.
        """
        with self._wording(f"GET {path}", job_id=job_id):
            return await self._session.read(path, query=query, headers=headers)

    async def watch(self, path: str, job_id: str, seconds: int) -> Response:
        """Ask where a job stands, and let the server hold the answer back; repeated if it fails.

        Args:
            path: The job's.
            job_id: The job.
            seconds: How long at most, from 0 to 30.
        """
        query: dict[str, str | int] = {"wait_until_terminal": "true", "timeout_seconds": seconds}
        usual = self._timeouts
        timeouts = Timeouts(
            connect=usual.connect,
            read=None if usual.read is None else usual.read + seconds,
            pool=usual.pool,
            total=None if usual.total is None else usual.total + seconds,
        )
        with self._wording(f"GET {path}", job_id=job_id):
            return await self._patient.read(path, query=query, timeouts=timeouts)

    async def status(self, path: str, job_id: str) -> Response:
        """Ask where a job stands; repeated if it fails."""
        with self._wording(f"GET {path}", job_id=job_id):
            return await self._session.read(path, lane="control")

    async def write(
        self,
        path: str,
        *,
        job_id: str | None = None,
        method: str = "POST",
        body: Body | None = None,
    ) -> Response:
        """Change something in a way that may be done twice; repeated if it fails.

        Args:
            path: Where.
            job_id: The job concerned.
            method: The method.
            body: What is sent.

        Raises:
            QuantumAsyncError: It was refused, or could not be asked.
        """
        with self._wording(f"{method} {path}", job_id=job_id):
            return await self._session.write(path, method=method, body=body)

    async def create(
        self,
        kind: type[Model],
        path: str,
        *,
        query: Query | None = None,
        body: Body | None = None,
        trace: str = "",
    ) -> Model:
        """Make something that must not be made twice; sent once, on a fresh connection.

        Args:
            kind: What the answer must be.
            path: Where.
            query: Parameters of the address.
            body: What.
            trace: What an error must say where nobody knows whether it was made, for people who
                look for it.

        Raises:
            QuantumAsyncError: It was refused, or nobody knows; see `Session.create`.
        """
        with self._wording(f"POST {path}", trace):
            answer = await self._session.create(path, query=query, body=body, connection="fresh")
            return parse(kind, answer)

    def _wording(self, wanted: str, trace: str = "", job_id: str | None = None) -> _Wording:
        return _Wording(wanted, trace, job_id, "" if self.auth is not None else NOBODY)


class _Wording:
    """Say in an error what was wanted and of which request it is the answer.

    Args:
        wanted: What was wanted.
        trace: What was sent, for errors that leave open whether it was accepted.
        job_id: The job concerned, which the server has.
        hint: What to do where the server does not know who is asking.
    """

    def __init__(self, wanted: str, trace: str, job_id: str | None, hint: str) -> None:
        self._wanted = wanted
        self._trace = trace
        self._job_id = job_id
        self._hint = hint

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if not isinstance(error, QuantumAsyncError) or not error.args:
            return
        message = str(error.args[0])
        if (found := _REQUEST.search(message)) is not None:
            # IQM names the request in the body, where the session does not look for it.
            message = _REQUEST.sub("", message)
            error.concerning(request_id=found[1])
        request = f" (request {error.request_id})" if error.request_id else ""
        trace = f"; it was {self._trace}" if self._trace and error.accepted == "unknown" else ""
        error.args = (f"{self._wanted}: {message}{request}{trace}",)
        if self._hint and isinstance(error, AuthenticationError):
            error.add_note(self._hint)
        accepted: Accepted | None = "yes" if self._job_id else None
        error.concerning(provider="iqm", job_id=self._job_id, accepted=accepted)


def explained(response: Response) -> str | None:
    """Find the words of an error: code, message, details and the request's id.

    Args:
        response: An answer that is an error, in any of the shapes IQM's services have used.
    """
    try:
        document: object = json.loads(response.content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    code, request = document.get("error_code"), document.get("request_id")
    message = document.get("message") or document.get("detail")
    words = ": ".join(beginning(str(part), _WORDS) for part in (code, message) if part)
    if not words:
        return None
    if details := document.get("details"):
        words += f" {beginning(json.dumps(details), _WORDS // 3)}"
    return f"{words} [request {beginning(str(request), 64)}]" if request else words
