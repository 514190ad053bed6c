"""Calibration sets, architectures and quality metrics of the quantum computers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.sandbox.chance import uniform
from quantum_async.sandbox.iqm.chips import stable_id
from quantum_async.sandbox.service import Refusal

if TYPE_CHECKING:
    from pydantic import JsonValue

    from quantum_async.sandbox.iqm.chips import Chip

MOMENT = "2026-05-01T06:00:00Z"
T1, T2 = 40e-6, 20e-6
"""Mean relaxation and dephasing times in seconds."""

IMPLEMENTATIONS = {
    "prx": "drag_crf",
    "cz": "crf_crf",
    "move": "tgss_crf",
    "cc_prx": "prx_composite",
    "measure": "constant",
}
"""How each operation is calibrated."""


def calibration_id(chip: Chip, name: str) -> str:
    """Find a calibration set.

    Args:
        chip: Of which quantum computer.
        name: Its id, or ``"default"``.

    Raises:
        Refusal: There is none.
    """
    if name in {"default", "latest"}:
        return chip.calibrations[0]
    if name not in chip.calibrations:
        raise Refusal(404, f"Calibration set {name} was not found", "calibration_set_not_found")
    return name


def dynamic_architecture(chip: Chip, calibration: str) -> dict[str, JsonValue]:
    """Write what a calibration set can run."""
    gates: dict[str, JsonValue] = {}
    for operation, loci in chip.loci.items():
        name = IMPLEMENTATIONS[operation]
        written: list[JsonValue] = [list(locus) for locus in sorted(loci, key=_order)]
        gates[operation] = {
            "implementations": {name: {"loci": written}},
            "default_implementation": name,
            "override_default_implementation": {},
        }
    return {
        "calibration_set_id": calibration,
        "qubits": list(chip.qubits),
        "computational_resonators": list(chip.resonators),
        "gates": gates,
    }


def static_architecture(chip: Chip) -> dict[str, JsonValue]:
    """Write what a chip is made of."""
    return {
        "dut_label": chip.label,
        "qubits": list(chip.qubits),
        "computational_resonators": list(chip.resonators),
        "connectivity": [list(edge) for edge in chip.edges],
    }


def calibration_set(chip: Chip, calibration: str) -> dict[str, JsonValue]:
    """Write a calibration set."""
    values = [(f"gates.prx.drag_crf.{qubit}.duration", 2e-8, "s") for qubit in chip.qubits]
    return _set(chip, calibration, "calibration-set", None, values)


def metrics(chip: Chip, calibration: str) -> dict[str, JsonValue]:
    """Write the quality metrics of a calibration set."""
    values: list[tuple[str, float, str]] = []
    for qubit in chip.qubits:
        spread = 0.5 + uniform(0, chip.alias, qubit)
        values += [
            (f"characterization.model.{qubit}.t1_time", T1 * spread, "s"),
            (f"characterization.model.{qubit}.t2_time", T2 * spread, "s"),
            (f"metrics.ssro.measure.constant.{qubit}.fidelity", 1 - 0.02 * spread, ""),
            (f"metrics.ssro.measure.constant.{qubit}.error_0_to_1", 0.02 * spread, ""),
            (f"metrics.ssro.measure.constant.{qubit}.error_1_to_0", 0.02 * spread, ""),
            (f"metrics.rb.prx.drag_crf.{qubit}.fidelity:par=d2", 1 - 1e-3 * spread, ""),
        ]
    for first, second in chip.edges:
        spread = 0.5 + uniform(0, chip.alias, first, second)
        place = f"{first}__{second}"
        values.append((f"metrics.irb.cz.crf_crf.{place}.fidelity:par=d2", 1 - 6e-3 * spread, ""))
    name = stable_id("metrics", calibration)
    return _set(chip, name, "quality-metric-set", calibration, values)


def chip_design_record(chip: Chip) -> dict[str, JsonValue]:
    """Write how a chip is laid out: what is connected by which coupler."""

    def components(names: tuple[str, ...]) -> list[JsonValue]:
        return [{"name": name, "connections": ["PL-1"]} for name in names]

    couplers: list[JsonValue] = [
        {"name": f"TC-{number}", "connections": list(edge)}
        for number, edge in enumerate(chip.edges, start=1)
    ]
    return {
        "mask_set_name": "M000",
        "variant": "A",
        "cheddar": {"chip_label": chip.label},
        "content": {
            "components": {
                "qubit": components(chip.qubits),
                "computational_resonator": components(chip.resonators),
                "tunable_coupler": couplers,
                "probe_line": [{"name": "PL-1", "connections": [*chip.components]}],
                "launcher": [],
            }
        },
    }


def channel_properties(chip: Chip) -> dict[str, JsonValue]:
    """Write the drive channels with the sources that can feed back to them: two halves."""
    half = len(chip.qubits) // 2
    return {
        f"{qubit}__drive.awg": {
            "fast_feedback_sources": [f"PL-{1 if place < half else 2}__readout"]
        }
        for place, qubit in enumerate(chip.qubits)
    }


def _set(
    chip: Chip,
    name: str,
    kind: str,
    describes: str | None,
    values: list[tuple[str, float, str]],
) -> dict[str, JsonValue]:
    observations: list[JsonValue] = [
        {
            "observation_id": number,
            "dut_field": field,
            "value": value,
            "unit": unit,
            "uncertainty": None,
            "invalid": False,
            "created_timestamp": MOMENT,
            "modified_timestamp": MOMENT,
        }
        for number, (field, value, unit) in enumerate(values, start=101)
    ]
    return {
        "observation_set_id": name,
        "observation_set_type": kind,
        "describes_id": describes,
        "invalid": False,
        "dut_label": chip.label,
        "created_timestamp": MOMENT,
        "end_timestamp": "2026-05-01T06:10:00Z",
        "observations": observations,
    }


def _order(locus: tuple[str, ...]) -> list[tuple[int, str]]:
    return [(len(name), name) for name in locus]
