"""QIR as text: enough of it to run what clients send."""

from __future__ import annotations

import re
import struct
from itertools import islice
from typing import TYPE_CHECKING

from quantum_async.sandbox.azure.registers import Constant, Recorded, Shape, program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

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
_MEASURE = {"m", "mz", "mresetz"}
_NUMBER = re.compile(r"(?:i64|i1|double)\s+([^\s,]+)")


def read(text: str) -> tuple[str, Shape]:
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
        numbers, angles = _operands(operands)
        if name in _MEASURE:
            last = max(last, numbers[1])
        most = max(most, *(numbers[:1] if name in _MEASURE else numbers))
        lines.append(_line(name, variant, numbers, angles))
    found = tuple(_recorded(iter(records), None))
    if not found:
        raise ValueError("the program records no result")
    if all(isinstance(item, int) for item in found):
        recorded: int | Constant | Recorded = Recorded(is_tuple=False, items=found)
    else:
        recorded = found[0] if len(found) == 1 else Recorded(is_tuple=True, items=found)
    bits = 1 + max(last, *_results(recorded), 0)
    return program(most + 1, lines, bits), Shape(("c",), (bits,), recorded)


def _recorded(
    records: Iterator[tuple[str, str]], many: int | None
) -> Iterator[int | Constant | Recorded]:
    """Read what is recorded: as many items as are said, or all."""
    for kind, operands in islice(records, many):
        if kind in {"tuple", "array"}:
            length = int(_written(operands))
            items = tuple(_recorded(records, length))
            if len(items) != length:
                raise ValueError(f"{len(items)} items are recorded in {kind} of {length}")
            yield Recorded(kind == "tuple", items)
        elif kind == "result":
            yield _operands(operands)[0][0]
        elif kind in _CONSTANTS:
            yield Constant(_CONSTANTS[kind](_written(operands)))
        else:
            raise ValueError(f"there is no way to record a {kind}")


def _results(recorded: int | Constant | Recorded) -> Iterator[int]:
    if isinstance(recorded, int):
        yield recorded
    elif isinstance(recorded, Recorded):
        for item in recorded.items:
            yield from _results(item)


def _written(operands: str) -> str:
    found = _NUMBER.match(operands)
    if found is None:
        raise ValueError(f"{operands!r} begins with no number")
    return found[1]


def _operands(text: str) -> tuple[list[int], list[float]]:
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


def _line(name: str, variant: str, numbers: list[int], angles: list[float]) -> str:
    if name in _MEASURE:
        return f"measure q[{numbers[0]}] -> c[{numbers[1]}]"
    if name not in _GATES:
        raise ValueError(f"there is no gate {name}")
    gate = _GATES[name]
    if variant == "adj":
        gate = f"{gate}dg" if gate in {"s", "t"} else gate
    values = f"({', '.join(map(repr, angles))})" if angles else ""
    return f"{gate}{values} {', '.join(f'q[{number}]' for number in numbers)}"
