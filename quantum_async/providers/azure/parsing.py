"""Answers read as what they must be."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

from quantum_async.providers import parsing

if TYPE_CHECKING:
    from quantum_async.http.response import Response

Model = TypeVar("Model", bound=BaseModel)


def parse(kind: type[Model], response: Response) -> Model:
    """Read an answer.

    Args:
        kind: What it must be.
        response: The answer.

    Raises:
        ProtocolError: It is something else.
    """
    return parsing.parse(kind, response, provider="azure")
