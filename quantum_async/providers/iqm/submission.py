"""A wire submission: circuits that share shots, qubit mapping, calibration set and options."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantum_async.http.encode import json_bytes
from quantum_async.providers.iqm.options import (
    DDStrategy,
    HeraldingMode,
    IQMOptions,
    MoveFrameTracking,
    MoveValidation,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic import JsonValue

    from quantum_async.providers.iqm.circuits import Circuit
    from quantum_async.providers.iqm.translate.layout import Layout


@dataclass(frozen=True, slots=True)
class Submission:
    """What one job of IQM runs.

    Args:
        circuits: In order; text is QIR.
        shots: How often each of them.
        options: Everything else.
        tag: What the job is found by outside, where the interface has a place for it.
        layouts: For each circuit, how its measurements fill registers; ``None`` for QIR.
    """

    circuits: tuple[Circuit | str, ...]
    shots: int
    options: IQMOptions
    tag: str = ""
    layouts: tuple[Layout | None, ...] = ()

    def v1_body(self) -> bytes:
        """Write it for IQM Server; may take milliseconds."""
        options = self.options
        validation = options.move_validation.value
        tracking = options.move_frame_tracking.value
        circuits = (c if isinstance(c, str) else c.document() for c in self.circuits)
        rest: dict[str, JsonValue] = {
            "calibration_set_id": options.calibration_set_id,
            "qubit_mapping": self._mapping(),
            "shots": self.shots,
            "max_circuit_duration_over_t2": options.max_circuit_duration_over_t2,
            "heralding_mode": options.heralding_mode.value,
            "move_gate_validation": validation,
            "move_gate_frame_tracking": tracking,
            "active_reset_cycles": options.active_reset_cycles,
            "dd_mode": "enabled" if options.dynamical_decoupling else "disabled",
            "dd_strategy": self._strategy(),
            # The vendor's client still sends both spellings, for servers of before 2025-10.
            "move_validation_mode": validation,
            "move_gate_frame_tracking_mode": tracking,
        }
        return _written(circuits, rest)

    def legacy_body(self) -> bytes:
        """Write it for the older interface: turns, and only what is not the default."""
        options = self.options
        circuits = (c if isinstance(c, str) else c.legacy_document() for c in self.circuits)
        written: dict[str, JsonValue] = {
            "shots": self.shots,
            "heralding_mode": options.heralding_mode.value,
            "qubit_mapping": self._mapping(),
            "calibration_set_id": options.calibration_set_id,
            "max_circuit_duration_over_t2": options.max_circuit_duration_over_t2,
            "active_reset_cycles": options.active_reset_cycles,
            "dd_strategy": self._strategy(),
        }
        if options.move_validation is not MoveValidation.STRICT:
            written["move_validation_mode"] = options.move_validation.value
        if options.move_frame_tracking is not MoveFrameTracking.FULL:
            written["move_gate_frame_tracking_mode"] = options.move_frame_tracking.value
        if options.dynamical_decoupling:
            written["dd_mode"] = "enabled"
        if options.custom_settings is not None:
            written["custom_settings"] = json.loads(options.custom_settings)
        rest = {name: value for name, value in written.items() if value is not None}
        return _written(circuits, rest)

    def _mapping(self) -> JsonValue:
        pairs: list[JsonValue] = [
            {"logical_name": logical, "physical_name": physical}
            for logical, physical in self.options.mapping.items()
        ]
        return pairs or None

    def _strategy(self) -> JsonValue:
        strategy = self.options.dynamical_decoupling
        if not isinstance(strategy, DDStrategy):
            return None
        targets = strategy.target_qubits
        return {
            "merge_contiguous_waits": strategy.merge_contiguous_waits,
            "target_qubits": None if targets is None else list(targets),
            "skip_leading_wait": strategy.skip_leading_wait,
            "skip_trailing_wait": strategy.skip_trailing_wait,
            "gate_sequences": [
                [s.length, s.gates if isinstance(s.gates, str) else _pairs(s.gates), s.placement]
                for s in strategy.sequences
            ],
        }

    @property
    def is_heralded(self) -> bool:
        """Whether shots may be missing from its results."""
        return self.options.heralding_mode is not HeraldingMode.NONE


def _written(circuits: Iterable[object], rest: Mapping[str, JsonValue]) -> bytes:
    # The encoder holds the interpreter until it is done: circuit by circuit, others get their turn.
    every = b",".join(map(json_bytes, circuits))
    return b'{"circuits":[' + every + b"]," + json_bytes(rest)[1:]


def _pairs(gates: tuple[tuple[float, float], ...]) -> list[JsonValue]:
    return [[angle, phase] for angle, phase in gates]


def job_tag(key: str, tags: tuple[str, ...]) -> str:
    """Make a job's tag of our key and the user's words."""
    return " ".join((key[:32], *tags)).strip()
