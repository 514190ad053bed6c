"""Answers read as what they must be."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from quantum_async.errors import ProtocolError

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
    try:
        return kind.model_validate_json(response.content)
    except ValidationError as error:
        response.json()  # says better what is wrong where it is no JSON at all
        found = error.errors()[0]
        place = ".".join(map(str, found["loc"])) or "the answer"
        raise ProtocolError(
            f"the service's answer is not what it should be: {place}: {found['msg']}",
            status=response.status,
            provider="azure",
            request_id=response.request_id,
            remedy="Update this package; if that does not help, report it.",
        ) from None
