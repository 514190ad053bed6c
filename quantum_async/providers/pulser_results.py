"""Pulser's ``Results`` as they are written down, read without Pulser."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, TypeGuard

from quantum_async.errors import ResultError
from quantum_async.http.redact import hide
from quantum_async.models.result import Expectation

if TYPE_CHECKING:
    from collections.abc import Sequence

_BITSTRINGS = "bitstrings"
_END = 1.0
"""The relative time of the final state."""
_LONGEST_QUOTE = 200
_LOOKED_AT = 4096


class WrittenResults:
    """What is read of Pulser's ``Results``: atoms, and of the final state counts and numbers.

    Vectors, matrices and what was observed earlier stand in the document alone.

    Args:
        document: The document.

    Raises:
        ValueError: It is something else.
    """

    def __init__(self, document: object) -> None:
        whole = _dict(document, "the document")
        atoms = _list(whole.get("atom_order"), "atom_order")
        self.atoms: tuple[str, ...] = tuple(map(str, atoms))
        self.counts: dict[str, int] | None = None
        self.scalars: dict[str, Expectation] = {}
        self.tags: tuple[str, ...] = tuple(_dict(whole.get("tagmap"), "tagmap"))
        values = _dict(whole.get("results"), "results")
        # Where no time is told at all, what is last is of the end.
        times = _dict(whole.get("times", {}), "times")
        final: dict[str, object] = {}
        for tag, identity in _dict(whole.get("tagmap"), "tagmap").items():
            series = _list(values.get(str(identity)), f"the values of {tag}")
            at = _list(times.get(str(identity)), f"the times of {tag}") if times else None
            if at is not None and len(at) != len(series):
                raise ValueError(f"{tag} has {len(series)} values at {len(at)} times")
            if series and (at is None or at[-1] == _END):
                final[tag] = series[-1]
        self._take(final)

    @classmethod
    def read(cls, text: str | None, *, provider: str, job_id: str) -> WrittenResults | None:
        """Read a document; ``None`` where there is none.

        Args:
            text: The document as text.
            provider: Registry name of the provider.
            job_id: The job concerned.

        Raises:
            ResultError: It is damaged.
        """
        if text is None:
            return None
        try:
            return cls(json.loads(text))
        except (ValueError, TypeError, RecursionError) as error:
            raise ResultError(
                f"the serialised results are damaged: {error}",
                provider=provider,
                job_id=job_id,
                remedy="Read them as they are, through client.jobs.",
            ) from None

    def _take(self, final: dict[str, object]) -> None:
        bitstrings = [tag for tag in final if tag.partition("_")[0] == _BITSTRINGS]
        if _BITSTRINGS in bitstrings or len(bitstrings) == 1:
            # One that has a suffix is counted too, unless there are several to choose from.
            tag = _BITSTRINGS if _BITSTRINGS in bitstrings else bitstrings[0]
            self.counts = checked_counts(final[tag])
        for tag, value in final.items():
            if (found := _expectation(value)) is not None:
                self.scalars[tag] = found


def checked_counts(found: object) -> dict[str, int]:
    """Read how often each bitstring was seen.

    Args:
        found: What should be counts.

    Raises:
        ValueError: It is something else.
    """
    counts: dict[str, int] = {}
    for outcome, count in _dict(found, "the counter").items():
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise ValueError(f"outcome {outcome!r} was seen {count!r} times")
        counts[outcome] = count
    return counts


def check_outcomes(
    counts: dict[str, int] | None,
    atoms: Sequence[str],
    samples: Sequence[str] | None = None,
) -> None:
    """Refuse counts that do not fit what else is known.

    Args:
        counts: How often each bitstring was seen, where that is known.
        atoms: The names of the atoms; none where they are not known.
        samples: The bitstring of every shot, where the service lists them.

    Raises:
        ValueError: They do not fit.
    """
    if counts is None:
        return
    if samples is not None and Counter(samples) != Counter(counts):
        raise ValueError(f"it counts {_quoted(counts)} and lists {_quoted(dict(Counter(samples)))}")
    width = len(atoms) or len(next(iter(counts), ""))
    for outcome in counts:
        if len(outcome) != width or outcome.strip("01"):
            raise ValueError(f"outcome {outcome!r} does not fit the {width} atoms")


def _expectation(value: object) -> Expectation | None:
    if not isinstance(value, dict):
        return Expectation(float(value)) if _is_number(value) else None
    real, imaginary = value.get("real"), value.get("imag")
    if set(value) == {"real", "imag"} and _is_number(real) and _is_number(imaginary):
        return Expectation.of(complex(real, imaginary))
    return None


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _dict(value: object, name: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ValueError(f"{name} should be an object and is {_quoted(value)}")
    return value


def _list(value: object, name: str) -> list[object]:
    if not isinstance(value, list):
        raise ValueError(f"{name} should be a list and is {_quoted(value)}")
    return value


def _quoted(value: object) -> str:
    text = hide(repr(value)[:_LOOKED_AT])
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}..."
