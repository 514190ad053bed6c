"""Outputs of jobs as each vendor writes them."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import (
    AliasGenerator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    TypeAdapter,
    model_validator,
)
from pydantic.alias_generators import to_pascal

Share = Annotated[float, Field(ge=0, allow_inf_nan=False, strict=True)]
Bit = Annotated[int, Field(ge=0, le=1, strict=True)]
Number = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]*)$")]


class IonQOutput(BaseModel):
    """IonQ's: how probable each outcome is, as a number whose lowest bit is the first qubit's.

    Args:
        histogram: The probabilities.
    """

    histogram: dict[Number, Share]


QUIL: TypeAdapter[dict[str, list[list[Bit]]]] = TypeAdapter(dict[str, list[list[Bit]]])
"""Rigetti's: for each register and shot, its bits."""


class _Pascal(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True,
        populate_by_name=True,
        alias_generator=AliasGenerator(validation_alias=to_pascal),
    )


class Bucket(_Pascal):
    """How often an outcome was seen.

    Args:
        display: The outcome as the service displays it.
        outcome: The outcome.
        count: How often.
    """

    display: str | None = None
    outcome: JsonValue = None
    count: Annotated[int, Field(ge=0, strict=True)]


class Entry(_Pascal):
    """What one entry point of a program has given.

    Args:
        histogram: How often each outcome was seen.
        shots: The outcome of each shot.
    """

    histogram: tuple[Bucket, ...]
    shots: tuple[JsonValue, ...] | None = Field(None, repr=False)


class ResultsV2(_Pascal):
    """Microsoft's own, version 2.

    Args:
        results: What each entry point has given.
    """

    results: tuple[Entry, ...]


class ResultsV1(_Pascal):
    """Microsoft's own, version 1: outcomes as displayed, each followed by its probability.

    Args:
        histogram: Outcomes and probabilities.
    """

    histogram: tuple[tuple[str, Share], ...]

    @model_validator(mode="before")
    @classmethod
    def _paired(cls, found: object) -> object:
        flat = found.get("Histogram") if isinstance(found, dict) else None
        if not isinstance(flat, list):
            raise ValueError("it has no histogram")
        # An outcome without a probability makes `strict` raise.
        pairs = zip(flat[::2], flat[1::2], strict=True)
        return {"Histogram": tuple(pairs)}
