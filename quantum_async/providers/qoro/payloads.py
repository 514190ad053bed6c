"""What a job holds: circuits or templates, and what is measured of them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from quantum_async.errors import InvalidInputError, InvalidShotsError, UnboundParametersError
from quantum_async.programs.angles import whole_words
from quantum_async.providers.qoro.translate.observables import packed_groups

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class QoroCircuit:
    """A circuit without open parameters.

    Args:
        label: What its result is called; unique within the job.
        text: OpenQASM 2.
    """

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """One point of a template.

    Args:
        label: What its result is called; unique within the job.
        values: A number per parameter, in the order of the template's names.
    """

    label: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class QoroTemplate:
    """A circuit with open parameters, and the values that the service puts into it.

    Args:
        text: OpenQASM 2 with names where numbers belong.
        names: The names.
        rows: The points.

    Raises:
        UnboundParametersError: There are no points, or one has not a finite number per name.
    """

    text: str
    names: tuple[str, ...]
    rows: tuple[TemplateRow, ...]

    def __post_init__(self) -> None:
        if not self.rows:
            raise UnboundParametersError("a template needs at least one set of values")
        for row in self.rows:
            if len(row.values) != len(self.names) or not all(map(math.isfinite, row.values)):
                raise UnboundParametersError(
                    f"{row.label!r} has the values {row.values} for {len(self.names)} parameters",
                    names=self.names,
                    remedy="Give one finite number per parameter.",
                )

    def settled(self) -> QoroTemplate:
        """Put into the text what no point changes, so that it travels once, and not by point.

        That are values which are the same at every point, and parameters which are equal to
        another one at every point: these go by the other one's name. One name is kept in any
        case: a template without any is written down nowhere.
        """
        columns = zip(*(map(repr, map(float, row.values)) for row in self.rows), strict=True)
        written: dict[str, str] = {}
        kept: dict[tuple[str, ...], int] = {}
        for place, (name, column) in enumerate(zip(self.names, columns, strict=True)):
            if len(set(column)) == 1:
                written[name] = column[0]
            elif column in kept:
                written[name] = self.names[kept[column]]
            else:
                kept[column] = place
        if not kept:
            written.pop(self.names[0])
            kept = {(): 0}
        if not written:
            return self
        places = list(kept.values())
        rows = tuple(TemplateRow(r.label, tuple(r.values[n] for n in places)) for r in self.rows)
        return QoroTemplate(filled(self.text, written), tuple(self.names[n] for n in places), rows)


def filled(text: str, values: Mapping[str, str]) -> str:
    """Put values into a program by the service's own rule: longest names first, none in a word.

    Args:
        text: The program.
        values: What stands for each name.
    """
    return re.sub(whole_words(values), lambda match: values[match.group()], text)


@dataclass(frozen=True, slots=True)
class ShotRange:
    """How often neighbouring circuits are run.

    Args:
        start: The first circuit, from 0 over the whole job.
        stop: The one after the last.
        shots: How often each is run.
    """

    start: int
    stop: int
    shots: int


@dataclass(frozen=True, slots=True)
class Shots:
    """Every circuit is run equally often.

    Args:
        shots: How often.
    """

    shots: int

    def document(self, start: int, stop: int) -> dict[str, JsonValue]:
        """Write it for some of the job's circuits."""
        del start, stop
        return {"shots": self.shots}


@dataclass(frozen=True, slots=True)
class ShotGroups:
    """Circuits are run differently often.

    Args:
        ranges: How often which, in any order; together they cover every circuit once.
    """

    ranges: tuple[ShotRange, ...]

    def document(self, start: int, stop: int) -> dict[str, JsonValue]:
        """Write it for some of the job's circuits, counted from the first of these."""
        local: list[JsonValue] = []
        for part in self.ranges:
            first, last = max(part.start, start), min(part.stop, stop)
            if first < last:
                local.append([first - start, last - start, part.shots])
        return {"shot_groups": local}

    def check(self, circuits: int) -> None:
        """Make sure that every circuit has its shots.

        Args:
            circuits: How many there are.

        Raises:
            InvalidShotsError: A circuit has none, or several.
        """
        position = 0
        for part in sorted(self.ranges, key=lambda part: part.start):
            if part.shots <= 0 or part.stop <= part.start:
                raise _uncovered(f"circuits {part.start} to {part.stop} have {part.shots} shots")
            if part.start > position:
                raise _uncovered(f"circuit {position} has no shots")
            if part.start < position:
                raise _uncovered(f"circuit {part.start} has shots twice")
            position = part.stop
        if position < circuits:
            raise _uncovered(f"circuit {position} has no shots")
        if position > circuits:
            raise _uncovered(f"shots are given for circuit {position - 1}, of {circuits} circuits")


@dataclass(frozen=True, slots=True)
class ObservableGroups:
    """Expectation values instead of counts.

    Args:
        groups: Groups of Pauli strings; the leftmost letter acts on qubit 0.
        ranges: Which circuits each group is for, first and one after the last, over the whole
            job; without it every group is for every circuit.

    Raises:
        InvalidInputError: A group is empty, mixes lengths or is no Pauli string, there are not
            as many ranges as groups.
    """

    groups: tuple[tuple[str, ...], ...]
    ranges: tuple[tuple[int, int], ...] | None = None

    def __post_init__(self) -> None:
        if not self.groups or any(not group for group in self.groups):
            raise InvalidInputError(
                "a group of observables is empty",
                provider="qoro",
                remedy="Name at least one observable in each group.",
            )
        # Without ranges every group is for every circuit, so that they are one group.
        for group in self.groups if self.ranges is not None else self._together:
            if len({len(term) for term in group}) > 1 or not all(
                term and set(term) <= set("IXYZ") for term in group
            ):
                raise InvalidInputError(
                    f"{';'.join(group)!r} are not Pauli strings of one length",
                    provider="qoro",
                    remedy="Write one of I, X, Y, Z per qubit, as many in each.",
                )
        if self.ranges is not None and len(self.ranges) != len(self.groups):
            raise InvalidInputError(
                f"{len(self.groups)} groups of observables and {len(self.ranges)} ranges",
                provider="qoro",
                remedy="Give one range for each group.",
            )

    @property
    def _together(self) -> tuple[tuple[str, ...], ...]:
        return (tuple(term for group in self.groups for term in group),)

    def document(self, start: int, stop: int) -> dict[str, JsonValue]:
        """Write it for some of the job's circuits.

        Every upload of a job says all of it, and counts circuits from the job's first one: so do
        both generations of the service's own client (qoro-divi 0.12 and 0.15), which is all that
        is known of it. A service that counted otherwise could not pass unnoticed, because each
        value that it returns is keyed by its observable.
        """
        del start, stop
        if self.ranges is None:
            return {"observables": packed_groups(self._together)}
        return {
            "observables": packed_groups(self.groups),
            "circuit_ham_map": [list(span) for span in self.ranges],
        }

    def check(self, circuits: int) -> None:
        """Make sure that no circuit belongs to two groups, and that every range is in the job.

        Args:
            circuits: How many circuits there are.

        Raises:
            InvalidInputError: A range overlaps another one, or ends after the last circuit.
        """
        position = 0
        for start, stop in sorted(self.ranges or ()):
            if not 0 <= start < stop <= circuits:
                raise _unmapped(f"circuits {start} to {stop} are none of {circuits} circuits")
            if start < position:
                raise _unmapped(f"circuit {start} belongs to two groups of observables")
            position = stop


def _uncovered(message: str) -> InvalidShotsError:
    return InvalidShotsError(
        message,
        provider="qoro",
        remedy="Let the ranges follow each other from circuit 0, without gaps, each with shots; "
        "a range ends before the circuit that it names last.",
    )


def _unmapped(message: str) -> InvalidInputError:
    return InvalidInputError(
        message,
        provider="qoro",
        remedy="Name for each group its first circuit, from 0, and the one after its last.",
    )


Measured: TypeAlias = Shots | ShotGroups | ObservableGroups
"""What is measured."""

Content: TypeAlias = "Sequence[QoroCircuit] | Sequence[QoroTemplate]"
"""What is run: circuits or templates, never both in one job."""


def is_positional(measured: Measured) -> bool:
    """Say whether a circuit's place in the whole job decides what is measured of it."""
    return isinstance(measured, ObservableGroups) and measured.ranges is not None
