"""What the demo computes: a Rabi oscillation in theory, and the cut that an outcome makes."""

from __future__ import annotations

import math
from importlib.resources import files
from typing import TYPE_CHECKING

from quantum_async.display.estimate import mean
from quantum_async.models.grid import grid
from quantum_async.models.program import Program, ProgramFormat

if TYPE_CHECKING:
    from quantum_async.display.estimate import Mean
    from quantum_async.models.grid import Points
    from quantum_async.models.result import Result

PULSE_US = 1.0
"""Duration of the pulse in ``rabi.json``, in microseconds."""
EDGES = ((0, 1), (1, 2), (2, 3), (0, 3), (0, 4), (1, 4))
"""The graph in ``maxcut.qasm``."""
LARGEST_CUT = 5
"""As many edges as any colouring of the corners with two colours can cut."""

_RABI_POINTS = 41
_QAOA_POINTS = 16


def rabi_program() -> Program:
    """Read the Pulser sequence: one atom, one resonant pulse of amplitude ``omega``."""
    return Program(_text("rabi.json"), ProgramFormat.PULSER, "rabi")


def rabi_points() -> Points:
    """Choose the pulse's amplitudes, in rad/µs: two full oscillations."""
    last = _RABI_POINTS - 1
    return grid(omega=[4 * math.pi * i / last for i in range(_RABI_POINTS)])


def rabi_theory(omega: float) -> float:
    """Compute the probability that a resonant pulse leaves the atom excited.

    Args:
        omega: The pulse's amplitude in rad/µs.
    """
    return math.sin(omega * PULSE_US / 2) ** 2


def qaoa_program() -> Program:
    """Read the circuit, with the angles ``gamma`` and ``beta`` as parameters."""
    return Program(_text("maxcut.qasm"), ProgramFormat.QASM3, "maxcut")


def qaoa_points() -> Points:
    """Choose the angles, in radians: half a period of each, where the landscape has its peak."""
    last = _QAOA_POINTS - 1
    return grid(
        gamma=[math.pi * i / last for i in range(_QAOA_POINTS)],
        beta=[math.pi / 2 * i / last for i in range(_QAOA_POINTS)],
    )


def cut(outcome: str) -> int:
    """Count the edges between corners of different colour.

    Args:
        outcome: A colour per corner; corner 0 is the rightmost character.
    """
    colours = outcome[::-1]
    return sum(colours[a] != colours[b] for a, b in EDGES)


def expected_cut(result: Result) -> Mean:
    """Average the cut over the shots."""
    return mean(result, cut)


def _text(name: str) -> str:
    return files("quantum_async.cli.demo").joinpath(name).read_text(encoding="utf-8")
