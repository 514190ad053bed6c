"""The gates that the service knows, and how those of others are written for it."""

from __future__ import annotations

KNOWN: dict[str, tuple[int, int]] = {
    **dict.fromkeys(("id", "x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "sxdg"), (0, 1)),
    **dict.fromkeys(("rx", "ry", "rz", "u1"), (1, 1)),
    "u2": (2, 1),
    **dict.fromkeys(("u3", "u", "U"), (3, 1)),
    **dict.fromkeys(("cx", "cy", "cz", "ch", "swap", "iswap"), (0, 2)),
    **dict.fromkeys(("rxx", "ryy", "rzz", "crx", "cry", "crz", "cu1"), (1, 2)),
    "cu3": (3, 2),
    **dict.fromkeys(("ccx", "cswap"), (0, 3)),
}
"""How many angles and qubits each gate of the service takes."""

RENAMED = {"p": "u1", "cp": "cu1", "CX": "cx"}
"""Gates that the service has under another name."""

TAKEN: tuple[str, ...] = tuple(
    sorted({*KNOWN, *RENAMED, "measure", "reset", "if_else"} - {"U", "CX"})
)
"""The operations of Qiskit that the service takes, by Qiskit's names."""

FOREIGN: dict[str, tuple[int, int]] = {
    "p": (1, 1),
    "cp": (1, 2),
    "CX": (0, 2),
    "u0": (1, 1),
    "csx": (0, 2),
    "rzx": (1, 2),
    "cu": (4, 2),
    "rccx": (0, 3),
    "rc3x": (0, 4),
    "c3x": (0, 4),
    "c3sqrtx": (0, 4),
    "c4x": (0, 5),
}
"""Gates of ``qelib1.inc`` and of the language itself that the service does not know."""

FUNCTIONS = frozenset({"sin", "cos", "tan", "exp", "ln", "sqrt", "asin", "acos", "atan"})
"""What an angle may be computed with."""

WORDS = frozenset(
    "OPENQASM include qreg creg qubit bit gate opaque measure reset barrier if pi".split()
)
"""Names that no register and no gate may have."""
