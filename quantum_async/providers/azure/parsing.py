"""Answers read as what they must be."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

from quantum_async.providers import parsing

if TYPE_CHECKING:
    from quantum_async.http.response import Response

Model = TypeVar("Model", bound=BaseModel)


def parse(kind: type[Model], response: Response, job_id: str | None = None) -> Model:
    """Read an answer.

    Args:
        kind: What it must be.
        response: The answer.
        job_id: The job concerned, where the service has it.

    Raises:
        ProtocolError: It is something else.
    """
    return parsing.parse(kind, response, provider="azure", job_id=job_id)
