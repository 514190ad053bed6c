"""Labels: what a circuit of a job is called, so that its result tells all that is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from quantum_async.models.result import Register

if TYPE_CHECKING:
    from collections.abc import Sequence

_USUAL = "c"
_ALL = "meas"
"""What Qiskit's `measure_all` calls its register: so usual that a sweep need not spell it out."""


def label_of(index: int, registers: Sequence[Register]) -> str:
    """Name a circuit by its place, and by its classical registers unless they are as usual.

    A result then says which bits belong together, also to a process that never saw the program.

    Args:
        index: The circuit's place in the job.
        registers: Its classical registers.
    """
    if len(registers) <= 1 and all(register.name == _USUAL for register in registers):
        return str(index)
    if [register.name for register in registers] == [_ALL]:
        return f"{index};"
    named = ",".join(f"{quote(r.name, safe='')}:{r.width}" for r in registers)
    return f"{index};{named}"


def registers_of(label: str, width: int) -> tuple[Register, ...] | None:
    """Read the registers off a label.

    Args:
        label: What `label_of` made.
        width: How many bits the result has.

    Returns:
        The registers, or ``None`` where they do not explain the result.
    """
    _, mark, named = label.partition(";")
    if not named:
        return (Register(_ALL if mark else _USUAL, width),) if width else ()
    try:
        parts = [part.rsplit(":", 1) for part in named.split(",")]
        registers = tuple(Register(unquote(name), int(size)) for name, size in parts)
    except ValueError:
        return None
    return registers if sum(register.width for register in registers) == width else None
