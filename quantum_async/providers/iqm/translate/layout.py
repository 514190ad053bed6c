"""Between measurement keys and classical registers, without losing a bit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from quantum_async.models.result import Register

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

    from quantum_async.providers.iqm.circuits import Circuit

METADATA = "quantum_async"
"""Where a circuit's metadata says how its registers are made up."""

# The convention of IQM's own Qiskit layer: register's name and size, its place, the bit's place.
_CONVENTION = re.compile(r"(.*)_(\d+)_(\d+)_(\d+)", re.DOTALL)

_Source = tuple[str, Annotated[int, Field(ge=0, strict=True)]]
_WRITTEN = TypeAdapter(dict[Literal["registers"], list[tuple[str, list[_Source | None]]]])


@dataclass(frozen=True, slots=True)
class BitSource:
    """Where a classical bit comes from.

    Args:
        key: The measurement's key.
        position: Which of its qubits.
    """

    key: str
    position: int = 0


@dataclass(frozen=True, slots=True)
class Layout:
    """How the outcomes of measurements fill classical registers.

    Args:
        registers: Names and widths, in the order in which the program declares them.
        sources: For each register, where each bit comes from; ``None`` for one never measured
            into, which stays 0.
    """

    registers: tuple[Register, ...]
    sources: tuple[tuple[BitSource | None, ...], ...]

    def metadata(self) -> dict[str, JsonValue]:
        """Write the layout down, for a circuit's metadata."""
        registers: list[JsonValue] = [
            [register.name, [None if s is None else [s.key, s.position] for s in sources]]
            for register, sources in zip(self.registers, self.sources, strict=True)
        ]
        return {"registers": registers}


def conventional_key(register: str, width: int, place: int, bit: int) -> str:
    """Name the measurement of a register's bit as IQM's own Qiskit layer does.

    Args:
        register: The register's name.
        width: How many bits it has.
        place: Which of the circuit's registers it is.
        bit: Which of its bits.
    """
    return f"{register}_{width}_{place}_{bit}"


def layout_of(circuit: Circuit) -> Layout:
    """Say how a circuit's measurements fill registers.

    What its metadata says counts; else the convention, where every key follows it; else each
    measurement is a register of its own.
    """
    written = _from_metadata((circuit.metadata or {}).get(METADATA))
    if written is not None:
        return written
    widths = {
        str(instruction.args["key"]): len(instruction.locus)
        for instruction in circuit.instructions
        if instruction.name == "measure" and "key" in instruction.args
    }
    return layout_of_keys(widths) or by_key(widths)


def layout_of_keys(widths: Mapping[str, int]) -> Layout | None:
    """Make a layout of keys that follow the convention; ``None`` where one does not.

    Args:
        widths: How many qubits each key measures.
    """
    parsed = {key: _CONVENTION.fullmatch(key) for key in widths}
    registers: dict[int, tuple[str, int]] = {}
    sources: dict[int, dict[int, BitSource]] = {}
    for key, match in parsed.items():
        if match is None or widths[key] != 1:
            return None
        width, place, bit = (int(group) for group in match.groups()[1:])
        if bit >= width or registers.setdefault(place, (match[1], width)) != (match[1], width):
            return None
        sources.setdefault(place, {})[bit] = BitSource(key)
    order = sorted(registers)
    return Layout(
        tuple(Register(*registers[place]) for place in order),
        tuple(
            tuple(sources[place].get(bit) for bit in range(registers[place][1])) for place in order
        ),
    )


def by_key(widths: Mapping[str, int]) -> Layout:
    """Make a layout with a register for each key, in the order given."""
    return Layout(
        tuple(Register(key, width) for key, width in widths.items()),
        tuple(
            tuple(BitSource(key, place) for place in range(width)) for key, width in widths.items()
        ),
    )


def _from_metadata(written: JsonValue) -> Layout | None:
    try:
        found = _WRITTEN.validate_python(written)["registers"]
    except (ValidationError, KeyError):
        # It is somebody else's, or damaged: no bit of it is used.
        return None
    return Layout(
        tuple(Register(name, len(bits)) for name, bits in found),
        tuple(tuple(None if bit is None else BitSource(*bit) for bit in bits) for _, bits in found),
    )
