"""Jobs in plain values, as other libraries hold them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from quantum_async.errors import InvalidInputError, InvalidOptionError
from quantum_async.providers.qoro.configs import (
    DeviceConfig,
    ExecutionConfig,
    JobConfig,
    MaestroConfig,
    SimulationMethod,
    Simulator,
)
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


@dataclass(frozen=True, slots=True)
class PlainSettings:
    """Configurations as they are on the wire.

    Args:
        target: Name of a cluster or system.
        shots: How often each circuit is run.
        tag: A word for lists.
        use_packing: Whether the service may run several circuits at once on one device.
        execution: ``execution_configuration``.
        maestro: ``maestro_config``.
        device: ``device_config``.
    """

    target: str | None = None
    shots: int | None = None
    tag: str | None = None
    use_packing: bool | None = None
    execution: Mapping[str, JsonValue] | None = field(default=None, hash=False)
    maestro: Mapping[str, JsonValue] | None = field(default=None, hash=False)
    device: Mapping[str, str | int | float | bool | None] | None = field(default=None, hash=False)

    def config(self) -> JobConfig:
        """Read them as a configuration."""
        return JobConfig(
            target=self.target,
            shots=self.shots,
            tag=self.tag,
            use_packing=self.use_packing,
            execution=None if self.execution is None else execution_config(self.execution),
            maestro=None if self.maestro is None else MaestroConfig(more=dict(self.maestro)),
            device=None if self.device is None else DeviceConfig(dict(self.device)),
        )


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
