"""From circuits to what is uploaded, in pieces that the service takes."""

from __future__ import annotations

import base64
import json
import math
import re
import zlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from quantum_async.errors import (
    DeviceLimitError,
    InvalidInputError,
    InvalidOptionError,
    InvalidShotsError,
    ProgramSyntaxError,
    UnboundParametersError,
)
from quantum_async.http.encode import json_bytes
from quantum_async.programs.tokens import whole_words
from quantum_async.providers.qoro.options import ExecutionConfig, SimulationMethod, Simulator
from quantum_async.providers.qoro.translate.results import packed_groups

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydantic import JsonValue

    from quantum_async.models.program import Program


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


LIMIT = int(0.95 * 1024 * 1024)
"""Most bytes of one upload; the service's own client keeps to the same."""

_ENDING = len(b'"mode":"append","finalized":"false"},')
_RANGE = 40
"""More bytes than one range of shots needs."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One upload.

    Args:
        opening: The body up to the rows.
        rows: Circuits, or points of a template.
        closing: The body after the rows, up to the last two fields.
    """

    opening: bytes
    rows: tuple[bytes, ...]
    closing: bytes

    def content(self, *, is_last: bool) -> bytes:
        """Return the body.

        Args:
            is_last: Whether the job is complete with it.
        """
        finalized = b"true" if is_last else b"false"
        ending = b'"mode":"append","finalized":"%b"}' % finalized
        return b"".join((self.opening, b",".join(self.rows), self.closing, ending))


def chunks(content: Content, measured: Measured, *, limit: int = LIMIT) -> list[Chunk]:
    """Cut a job's content; takes long for many circuits, so not on the loop.

    Args:
        content: Circuits or templates.
        measured: What is measured of them.
        limit: Most bytes of one upload.

    Raises:
        InvalidInputError: There is nothing, a label comes twice, or what is measured does not fit
            the circuits.
        DeviceLimitError: A circuit does not fit one upload.
    """
    _check(content, measured)
    made: list[Chunk] = []
    for item in content:
        if isinstance(item, QoroTemplate):
            made += _of_template(item, measured, limit)
    circuits = [item for item in content if isinstance(item, QoroCircuit)]
    if circuits:
        made += _of_circuits(circuits, measured, limit)
    return made


def packed(text: str) -> str:
    """Compress a program as the service reads it: gzip in base 64, the same at every call."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    return base64.b64encode(compressor.compress(text.encode()) + compressor.flush()).decode()


def labels_of(content: Content) -> list[str]:
    """List the labels of a job's results."""
    return [
        label
        for item in content
        for label in (
            [row.label for row in item.rows] if isinstance(item, QoroTemplate) else [item.label]
        )
    ]


def _check(content: Content, measured: Measured) -> None:
    labels = labels_of(content)
    if not labels:
        raise InvalidInputError(
            "a job needs at least one circuit",
            provider="qoro",
            remedy="Pass circuits, or a template with points.",
        )
    if len(set(labels)) < len(labels):
        twice = next(label for label, times in Counter(labels).items() if times > 1)
        raise InvalidInputError(
            f"two circuits of a job are labelled {twice!r}",
            provider="qoro",
            remedy="Give each circuit a label of its own.",
        )
    kinds = {type(item) for item in content}
    is_mapped = isinstance(measured, ShotGroups) or is_positional(measured)
    if len(kinds) > 1 or (is_mapped and kinds != {QoroCircuit}):
        raise InvalidInputError(
            "templates share no job with circuits, and take neither shots nor observables of "
            "single points",
            provider="qoro",
            remedy="Submit them as jobs of their own.",
        )
    if not isinstance(measured, Shots):
        measured.check(len(labels))


def _of_circuits(circuits: Sequence[QoroCircuit], measured: Measured, limit: int) -> list[Chunk]:
    opening = b'{"circuits":{'
    rows = [json_bytes(c.label) + b":" + json_bytes(packed(c.text)) for c in circuits]
    made = []
    for start, stop in _cut(rows, labels_of(circuits), len(opening), measured, limit):
        closing = b"}," + _fields(measured, start, stop)
        made.append(Chunk(opening, tuple(rows[start:stop]), closing))
    return made


def _of_template(template: QoroTemplate, measured: Measured, limit: int) -> list[Chunk]:
    opening = b'{"circuit_template":%b,"parameter_names":%b,"parameter_sets":[' % (
        json_bytes(packed(template.text)),
        json_bytes(template.names),
    )
    rows = [
        json_bytes({"label": row.label, "values": list(map(float, row.values))})
        for row in template.rows
    ]
    made = []
    for start, stop in _cut(rows, labels_of([template]), len(opening), measured, limit):
        closing = b"]," + _fields(measured, start, stop)
        made.append(Chunk(opening, tuple(rows[start:stop]), closing))
    return made


def _cut(
    rows: Sequence[bytes], labels: Sequence[str], opening: int, measured: Measured, limit: int
) -> Iterator[tuple[int, int]]:
    is_grouped = isinstance(measured, ShotGroups)
    starts = {part.start for part in measured.ranges} if isinstance(measured, ShotGroups) else set()
    fixed = opening + _ENDING + (_RANGE if is_grouped else len(_fields(measured, 0, 0))) + 2
    start, size = 0, fixed
    for place, row in enumerate(rows):
        need = len(row) + 1 + (_RANGE if place in starts else 0)
        if fixed + need > limit:
            raise DeviceLimitError(
                f"circuit {labels[place]!r} needs an upload of {fixed + need} bytes, and one "
                f"takes {limit}",
                provider="qoro",
                remedy="Make the circuit shorter, or ask for fewer observables.",
            )
        if size + need > limit:
            yield start, place
            start, size = place, fixed
        size += need
    yield start, len(rows)


def _fields(measured: Measured, start: int, stop: int) -> bytes:
    return json_bytes(measured.document(start, stop))[1:-1] + b","


_EXECUTION = (
    "bond_dimension",
    "truncation_threshold",
    "noisy_device",
    "noise_realizations",
    "noise_scaling_factor",
    "api_meta",
)
_RENAMED = {"simulator_type": "simulator", "simulation_type": "simulation_method"}


ALL = -1
"""The index of a reference that means all circuits of a job together."""


def whole_job(program: Program) -> tuple[Content, Measured]:
    """Read a program that is a whole job: a JSON object of plain values.

    It has ``circuits``, OpenQASM 2 by label; or ``templates``, each a list of its text, its names
    and its points, which are labels with a number per name. What is measured of them is ``shots``
    for each, or ``shot_groups``, ranges of circuits and their shots; or ``observables``, groups of
    Pauli strings whose leftmost letter acts on qubit 0, with ``circuit_map``, the circuits that
    each group is for: first and one after the last.

    Raises:
        ProgramSyntaxError: It is no such object.
        InvalidInputError: It contradicts itself.
    """
    try:
        document = json.loads(program.text)
        content = plain_content(document.get("circuits", {}), document.get("templates", ()))
        measured = plain_measured(
            document.get("shots", 1),
            document.get("shot_groups"),
            document.get("observables"),
            document.get("circuit_map"),
        )
    except (ValueError, TypeError, AttributeError) as error:
        if isinstance(error, InvalidInputError):
            raise
        raise ProgramSyntaxError(
            f"not a whole job: {error}",
            source=program.where,
            remedy="Write circuits or templates, and what is measured of them, as JSON.",
        ) from error
    return content, measured


def shots_of(content: Content, measured: Measured) -> int | None:
    """Count the shots of all circuits together; ``None`` where values are computed instead."""
    if isinstance(measured, Shots):
        return measured.shots * len(labels_of(content))
    if isinstance(measured, ShotGroups):
        return sum((part.stop - part.start) * part.shots for part in measured.ranges)
    return None


def plain_content(
    circuits: Mapping[str, str],
    templates: Sequence[tuple[str, Sequence[str], Sequence[tuple[str, Sequence[float]]]]],
) -> Content:
    """Read circuits by label, or templates with their names and labelled rows.

    Raises:
        InvalidInputError: There are both.
    """
    if circuits and templates:
        raise InvalidInputError(
            "templates share no job with circuits",
            provider="qoro",
            remedy="Submit them as jobs of their own.",
        )
    if circuits:
        return [QoroCircuit(label, text) for label, text in circuits.items()]
    return [
        QoroTemplate(
            text,
            tuple(names),
            tuple(TemplateRow(label, tuple(map(float, values))) for label, values in rows),
        )
        for text, names, rows in templates
    ]


def plain_measured(
    shots: int,
    shot_groups: Sequence[Sequence[int]] | None,
    observables: Sequence[Sequence[str]] | None,
    circuit_map: Sequence[Sequence[int]] | None,
) -> Measured:
    """Read what is measured: observables, or ranges of shots, or shots for all.

    Raises:
        InvalidInputError: It contradicts itself.
    """
    if observables is not None and shot_groups is not None:
        raise InvalidInputError(
            "observables have no shots of ranges",
            provider="qoro",
            remedy="Give observables or ranges of shots.",
        )
    if circuit_map is not None and observables is None:
        raise InvalidInputError(
            "a map of circuits to observables needs these",
            provider="qoro",
            remedy="Give observables as well, or leave the map out.",
        )
    if observables is not None:
        ranges = None
        if circuit_map is not None:
            ranges = tuple((a, b) for a, b in _rows(circuit_map, 2, "a circuit map"))
        return ObservableGroups(tuple(tuple(group) for group in observables), ranges)
    if shot_groups is not None:
        triples = _rows(shot_groups, 3, "shot groups")
        return ShotGroups(tuple(ShotRange(*triple) for triple in triples))
    return Shots(shots)


def execution_config(document: Mapping[str, JsonValue]) -> ExecutionConfig:
    """Read a configuration as the service writes it.

    Raises:
        InvalidOptionError: It has a field, a simulator or a method that this package does not
            know, and would lose.
    """
    said = {name: value for name, value in document.items() if value is not None}
    fields: dict[str, Any] = {_RENAMED.get(name, name): value for name, value in said.items()}
    if unknown := sorted(set(said) - {*_EXECUTION, *_RENAMED}):
        raise InvalidOptionError(
            f"there is no execution option {unknown[0]!r}",
            provider="qoro",
            remedy=f"There are: {', '.join((*_EXECUTION, *_RENAMED))}.",
        )
    try:
        if "simulator" in fields:
            fields["simulator"] = Simulator(fields["simulator"])
        if "simulation_method" in fields:
            fields["simulation_method"] = SimulationMethod(fields["simulation_method"])
    except ValueError as error:
        raise InvalidOptionError(str(error), provider="qoro") from error
    return ExecutionConfig(**fields)


def _rows(rows: Sequence[Sequence[int]], size: int, what: str) -> Sequence[Sequence[int]]:
    for row in rows:
        if len(row) != size:
            raise InvalidInputError(
                f"{what} with {list(row)}", provider="qoro", remedy=f"Each row has {size} numbers."
            )
    return rows
