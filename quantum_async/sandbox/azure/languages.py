"""QIR, Quil and IonQ's circuits, read into OpenQASM and the shape of their registers."""

from __future__ import annotations

import json
import re
import struct
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from pydantic import JsonValue


_CREG = re.compile(r"\bcreg\s+([A-Za-z_]\w*)\s*\[\s*(\d+)\s*\]\s*;")


@dataclass(frozen=True, slots=True)
class Constant:
    """A number that a QIR program records without having measured it.

    Args:
        value: The number.
    """

    value: bool | float


@dataclass(frozen=True, slots=True)
class Recorded:
    """A tuple or an array that a QIR program records.

    Args:
        is_tuple: Which of them.
        items: Numbers of results, constants, and what is nested.
    """

    is_tuple: bool
    items: tuple[int | Constant | Recorded, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """The classical registers of a program in the order of their declaration.

    Args:
        names: Their names.
        widths: How many bits each has.
        recorded: For QIR, what of the results is recorded, and how.
    """

    names: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()
    recorded: int | Constant | Recorded | None = None

    @property
    def width(self) -> int:
        """How many bits there are."""
        return sum(self.widths)

    def bits(self, key: str) -> str:
        """Write an outcome, last bit leftmost, as its bits with the first one first."""
        parts = key.split(" ") if " " in key else [key]
        return "".join(part[::-1] for part in reversed(parts))

    def split(self, bits: str) -> dict[str, str]:
        """Cut bits, the first one first, into registers."""
        found, start = {}, 0
        for name, width in zip(self.names, self.widths, strict=True):
            found[name] = bits[start : start + width]
            start += width
        return found


def outcome_of(recorded: int | Constant | Recorded, bits: str) -> tuple[str, JsonValue]:
    """Write an outcome as the service displays it, and as it lists it.

    Args:
        recorded: What of the results is recorded.
        bits: The results, the first one first.
    """
    if isinstance(recorded, int):
        return bits[recorded], int(bits[recorded])
    if isinstance(recorded, Constant):
        return str(recorded.value), recorded.value
    items = [outcome_of(item, bits) for item in recorded.items]
    shown = ", ".join(display for display, _ in items)
    if not recorded.is_tuple:
        return f"[{shown}]", [value for _, value in items]
    return f"({shown})", {f"Item{n}": value for n, (_, value) in enumerate(items, start=1)}


def of_qasm(text: str) -> Shape:
    """Read the classical registers of OpenQASM 2.

    Raises:
        ValueError: There are none.
    """
    found = _CREG.findall(text)
    if not found:
        raise ValueError("the program has no classical register")
    return Shape(tuple(name for name, _ in found), tuple(int(width) for _, width in found))


def program(qubits: int, lines: list[str], bits: int) -> str:
    """Write OpenQASM 2 with one register of each kind.

    Args:
        qubits: How many qubits.
        lines: Its statements, without semicolons.
        bits: How many classical bits.
    """
    head = ["OPENQASM 2.0", 'include "qelib1.inc"', f"qreg q[{qubits}]", f"creg c[{bits}]"]
    return ";\n".join([*head, *lines]) + ";\n"


_CALL = re.compile(r"call\s+\S+\s+@__quantum__(qis|rt)__(\w+?)(?:__(body|adj|ctl))?\((.*)\)")
_OPERAND = re.compile(r"double\s+(\S+)|inttoptr\s*\(\s*i64\s+(\d+)\s+to|i64\s+(\d+)|(null)")
_GATES = {
    "h": "h",
    "x": "x",
    "y": "y",
    "z": "z",
    "s": "s",
    "t": "t",
    "rx": "rx",
    "ry": "ry",
    "rz": "rz",
    "cx": "cx",
    "cnot": "cx",
    "cy": "cy",
    "cz": "cz",
    "swap": "swap",
    "ccx": "ccx",
    "rxx": "rxx",
    "rzz": "rzz",
    "reset": "reset",
}
_QIR_MEASURES = {"m", "mz", "mresetz"}
_NUMBER = re.compile(r"(?:i64|i1|double)\s+([^\s,]+)")


def read_qir(text: str) -> tuple[str, Shape]:
    """Read a program as OpenQASM 2, and how its results are recorded.

    Raises:
        ValueError: It calls what this service does not know, or records nothing.
    """
    lines: list[str] = []
    records: list[tuple[str, str]] = []
    most, last = -1, -1
    for kind, name, variant, operands in _CALL.findall(text):
        if kind == "rt":
            if name.endswith("_record_output"):
                records.append((name.removesuffix("_record_output"), operands))
            continue
        numbers, angles = _qir_operands(operands)
        if name in _QIR_MEASURES:
            last = max(last, numbers[1])
        most = max(most, *(numbers[:1] if name in _QIR_MEASURES else numbers))
        lines.append(_qir_line(name, variant, numbers, angles))
    found = tuple(_recorded_by_qir(iter(records), None))
    if not found:
        raise ValueError("the program records no result")
    if all(isinstance(item, int) for item in found):
        recorded: int | Constant | Recorded = Recorded(is_tuple=False, items=found)
    else:
        recorded = found[0] if len(found) == 1 else Recorded(is_tuple=True, items=found)
    bits = 1 + max(last, *_results(recorded), 0)
    return program(most + 1, lines, bits), Shape(("c",), (bits,), recorded)


def _recorded_by_qir(
    records: Iterator[tuple[str, str]], many: int | None
) -> Iterator[int | Constant | Recorded]:
    """Read what is recorded: as many items as are said, or all."""
    for kind, operands in islice(records, many):
        if kind in {"tuple", "array"}:
            length = int(_qir_argument(operands))
            items = tuple(_recorded_by_qir(records, length))
            if len(items) != length:
                raise ValueError(f"{len(items)} items are recorded in {kind} of {length}")
            yield Recorded(kind == "tuple", items)
        elif kind == "result":
            yield _qir_operands(operands)[0][0]
        elif kind in _CONSTANTS:
            yield Constant(_CONSTANTS[kind](_qir_argument(operands)))
        else:
            raise ValueError(f"there is no way to record a {kind}")


def _results(recorded: int | Constant | Recorded) -> Iterator[int]:
    if isinstance(recorded, int):
        yield recorded
    elif isinstance(recorded, Recorded):
        for item in recorded.items:
            yield from _results(item)


def _qir_argument(operands: str) -> str:
    found = _NUMBER.match(operands)
    if found is None:
        raise ValueError(f"{operands!r} begins with no number")
    return found[1]


def _qir_operands(text: str) -> tuple[list[int], list[float]]:
    numbers, angles = [], []
    for angle, pointer, integer, null in _OPERAND.findall(text):
        if angle:
            angles.append(_angle(angle.rstrip(",")))
        elif pointer or null:
            numbers.append(int(pointer or 0))
        elif integer:
            continue
    return numbers, angles


def _angle(text: str) -> float:
    if text.startswith("0x"):
        return float(struct.unpack(">d", bytes.fromhex(text[2:].rjust(16, "0")))[0])
    return float(text)


_CONSTANTS: Mapping[str, Callable[[str], bool | float]] = {
    "bool": lambda text: text in {"1", "true"},
    "int": int,
    "double": _angle,
}


def _qir_line(name: str, variant: str, numbers: list[int], angles: list[float]) -> str:
    if name in _QIR_MEASURES:
        return f"measure q[{numbers[0]}] -> c[{numbers[1]}]"
    if name not in _GATES:
        raise ValueError(f"there is no gate {name}")
    gate = _GATES[name]
    if variant == "adj":
        gate = f"{gate}dg" if gate in {"s", "t"} else gate
    values = f"({', '.join(map(repr, angles))})" if angles else ""
    return f"{gate}{values} {', '.join(f'q[{number}]' for number in numbers)}"


_DECLARE = re.compile(r"DECLARE\s+(\w+)\s+BIT(?:\[(\d+)\])?")
_QUIL_MEASURE = re.compile(r"MEASURE\s+(\d+)\s+(\w+)(?:\[(\d+)\])?")
_GATE = re.compile(r"([A-Z]+)(?:\(([^)]*)\))?((?:\s+\d+)+)")
_NAMES = {
    "CNOT": "cx",
    "CCNOT": "ccx",
    "PHASE": "u1",
    "CPHASE": "cu1",
    "I": "id",
}
_KNOWN = set("H X Y Z S T RX RY RZ CZ SWAP".split())


def read_quil(text: str) -> tuple[str, Shape]:
    """Read a program as OpenQASM 2.

    Raises:
        ValueError: A line cannot be understood.
    """
    names: list[str] = []
    widths: list[int] = []
    lines: list[str] = []
    most = -1
    for raw in text.splitlines():
        line = raw.partition("#")[0].strip()
        if not line or line.startswith("PRAGMA"):
            continue
        if declared := _DECLARE.fullmatch(line):
            names.append(declared[1])
            widths.append(int(declared[2] or 1))
        elif measured := _QUIL_MEASURE.fullmatch(line):
            bit = sum(widths[: names.index(measured[2])]) + int(measured[3] or 0)
            lines.append(f"measure q[{measured[1]}] -> c[{bit}]")
            most = max(most, int(measured[1]))
        elif gate := _GATE.fullmatch(line):
            qubits = [int(number) for number in gate[3].split()]
            most = max(most, *qubits)
            lines.append(_quil_line(gate[1], gate[2], qubits))
        else:
            raise ValueError(f"cannot read {line!r}")
    shape = Shape(tuple(names), tuple(widths))
    return program(most + 1, lines, shape.width), shape


def _quil_line(name: str, angles: str | None, qubits: list[int]) -> str:
    if name not in _NAMES and name not in _KNOWN:
        raise ValueError(f"there is no gate {name}")
    values = f"({angles})" if angles else ""
    places = ", ".join(f"q[{number}]" for number in qubits)
    return f"{_NAMES.get(name, name.lower())}{values} {places}"


_PLAIN = {
    "h": "h",
    "x": "x",
    "y": "y",
    "z": "z",
    "s": "s",
    "si": "sdg",
    "t": "t",
    "ti": "tdg",
    "v": "sx",
    "vi": "sxdg",
    "rx": "rx",
    "ry": "ry",
    "rz": "rz",
    "xx": "rxx",
    "yy": "ryy",
    "zz": "rzz",
    "swap": "swap",
    "not": "x",
    "cnot": "cx",
}
_CONTROLLED = {("x", 1): "cx", ("not", 1): "cx", ("x", 2): "ccx", ("not", 2): "ccx"}
_CONTROLLED |= {("z", 1): "cz", ("y", 1): "cy", ("h", 1): "ch"}


def read_ionq(text: str) -> tuple[str, Shape]:
    """Read a circuit as OpenQASM 2; every qubit is measured.

    Raises:
        ValueError: It is none, or in the gates of the hardware.
    """
    document = json.loads(text)
    if document.get("gateset") == "native":
        raise ValueError("this service simulates the abstract gate set only")
    qubits = int(document["qubits"])
    lines = [line for gate in document["circuit"] for line in _lines(gate)]
    lines += [f"measure q[{number}] -> c[{number}]" for number in range(qubits)]
    return program(qubits, lines, qubits), Shape(("c",), (qubits,))


def _lines(gate: dict[str, Any]) -> list[str]:
    controls = gate.get("controls") or ([gate["control"]] if "control" in gate else [])
    targets = gate.get("targets") or [gate["target"]]
    name = gate["gate"]
    if name == "cnot":
        name = "x"
    found = _CONTROLLED.get((name, len(controls))) if controls else _PLAIN.get(name)
    if found is None:
        raise ValueError(f"there is no gate {name} with {len(controls)} controls")
    angle = f"({float(gate['rotation'])!r})" if "rotation" in gate else ""
    qubits = [f"q[{number}]" for number in [*controls, *targets]]
    if found == "ryy":
        # OpenQASM 2's own header has no such gate.
        before, after = (f"rx({sign}pi/2)" for sign in ("", "-"))
        around = [[f"{turn} {qubit}" for qubit in qubits] for turn in (before, after)]
        return [*around[0], f"rzz{angle} {', '.join(qubits)}", *around[1]]
    return [f"{found}{angle} {', '.join(qubits)}"]
