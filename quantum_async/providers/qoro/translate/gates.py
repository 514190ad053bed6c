"""The gates that the service knows, and how those of others are written for it."""

from __future__ import annotations

KNOWN = frozenset(
    "id x y z h s sdg t tdg sx sxdg rx ry rz u1 u2 u3 u U cx cy cz ch swap iswap rxx ryy rzz "
    "crx cry crz cu1 cu3 ccx cswap".split()
)
"""The gates of the service; a program need not include a file for them."""

RENAMED = {"p": "u1", "cp": "cu1"}
"""Gates that the service has under another name."""

TAKEN: tuple[str, ...] = tuple(sorted({*KNOWN, *RENAMED, "measure", "reset", "if_else"} - {"U"}))
"""The operations of Qiskit that the service takes, by Qiskit's names."""

FUNCTIONS = frozenset({"sin", "cos", "tan", "exp", "ln", "sqrt", "asin", "acos", "atan"})
"""What an angle may be computed with."""

WORDS = frozenset(
    "OPENQASM include qreg creg qubit bit gate opaque measure reset barrier if pi".split()
)
"""Names that no register and no gate may have."""
