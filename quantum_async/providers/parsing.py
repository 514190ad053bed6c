"""Answers read as what they must be."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, TypeAdapter, ValidationError

from quantum_async.errors import ProtocolError
from quantum_async.http.redact import beginning

if TYPE_CHECKING:
    from quantum_async.errors import QuantumAsyncError
    from quantum_async.http.response import Response

_SHOWN = 100

Model = TypeVar("Model", bound=BaseModel)
Value = TypeVar("Value")


def _in_standard_zone(moment: datetime) -> datetime:
    # What lives until the interpreter ends may be freed after pydantic's own class of time zones,
    # which ends the program with a segmentation fault.
    offset = moment.utcoffset()
    return moment if offset is None else moment.replace(tzinfo=timezone(offset))


Instant = Annotated[datetime, AfterValidator(_in_standard_zone)]
"""A moment, in a time zone of the standard library."""


def parse(
    kind: type[Model], response: Response, *, provider: str, job_id: str | None = None
) -> Model:
    """Read an answer.

    Args:
        kind: What it must be.
        response: The answer.
        provider: Registry name of the provider.
        job_id: The job concerned, where the provider has it.

    Raises:
        ProtocolError: It is something else.
    """
    with response.decoding(provider=provider, job_id=job_id):
        try:
            return kind.model_validate_json(response.content)
        except ValidationError as error:
            wrong = _unreadable(response, error)
            raise wrong.concerning(
                provider=provider, job_id=job_id, accepted="yes" if job_id else None
            ) from None


def parse_value(adapter: TypeAdapter[Value], response: Response, *, provider: str) -> Value:
    """Read an answer that is no object.

    Args:
        adapter: What it must be.
        response: The answer.
        provider: Registry name of the provider.

    Raises:
        ProtocolError: It is something else.
    """
    with response.decoding(provider=provider):
        try:
            return adapter.validate_json(response.content)
        except ValidationError as error:
            raise _unreadable(response, error).concerning(provider=provider) from None


def first_finding(error: ValidationError) -> str:
    """Say where a document is not what it should be, and what it should be there."""
    found = error.errors()[0]
    place = ".".join(map(str, found["loc"])) or "the document"
    return f"{place}: {found['msg']}"


def _unreadable(response: Response, error: ValidationError) -> QuantumAsyncError:
    try:
        response.json()
    except ProtocolError as no_json:
        # It says better what is wrong.
        return no_json
    return ProtocolError(
        f"the answer is not what it should be: {first_finding(error)}; it begins with "
        f"{beginning(response.content, _SHOWN)!r}",
        status=response.status,
        request_id=response.request_id,
        body=response.excerpt,
        remedy="Update this package; if that does not help, report it.",
    )
