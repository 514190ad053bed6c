"""Jobs in plain values, as other libraries hold them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from quantum_async.errors import InvalidInputError, InvalidOptionError, ProgramSyntaxError
from quantum_async.providers.qoro.chunks import labels_of
from quantum_async.providers.qoro.configs import ExecutionConfig, SimulationMethod, Simulator
from quantum_async.providers.qoro.payloads import (
    ObservableGroups,
    QoroCircuit,
    QoroTemplate,
    ShotGroups,
    ShotRange,
    Shots,
    TemplateRow,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import JsonValue

    from quantum_async.models.program import Program
    from quantum_async.providers.qoro.payloads import Content, Measured

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
