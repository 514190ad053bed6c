"""How much memory a simulation may take on this machine."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

AMPLITUDE = 16
"""Bytes of one complex amplitude."""
SHARE = 0.8
"""The part of the machine's memory that one simulation may take."""
_CGROUP_LIMITS = (
    "/sys/fs/cgroup/memory.max",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
)


@cache
def total_bytes() -> int:
    """Memory of this machine or container, in bytes."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        total = 8 << 30
    return min([total, *_limits()])


def usable_bytes() -> int:
    """The part of `total_bytes` that one simulation may take."""
    return int(total_bytes() * SHARE)


def gibibytes(size: float) -> str:
    """Say to people how large something is, such as ``"16.0 GiB"``."""
    return f"{size / (1 << 30):,.1f} GiB"


def _limits() -> list[int]:
    limits = []
    for path in _CGROUP_LIMITS:
        try:
            text = Path(path).read_text(encoding="ascii").strip()
        except OSError:
            continue
        if text.isdigit():
            limits.append(int(text))
    return limits


def most_qubits(*, levels: int = 2, copies: float = 1.0) -> int:
    """Compute how many qubits fit, where a state has ``levels ** qubits`` amplitudes.

    Args:
        levels: Levels of one qubit or atom; 4 for the density matrix of qubits.
        copies: How many states a simulation holds at a time.
    """
    amplitudes = usable_bytes() / (AMPLITUDE * copies)
    qubits = 0
    while levels ** (qubits + 1) <= amplitudes:
        qubits += 1
    return qubits
