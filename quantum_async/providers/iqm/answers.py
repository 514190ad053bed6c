"""Answers of IQM's servers, read as what they must be."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import pydantic_core
from pydantic import BaseModel, TypeAdapter

from quantum_async.http.threads import off_loop
from quantum_async.providers import parsing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

    from quantum_async.http.response import Response

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
    return parsing.parse(kind, response, provider="iqm", job_id=job_id)


def parse_value(adapter: TypeAdapter[Value], response: Response) -> Value:
    """Read an answer that is not an object.

    Raises:
        ProtocolError: It is something else.
    """
    return parsing.parse_value(adapter, response, provider="iqm")


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
