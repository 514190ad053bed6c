"""What is stored with a job so that its result can be read in any process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from quantum_async.models.result import Register

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY = "quantum_async"
_LONGEST = 4000
"""Characters of a note at most; how many the service takes is not known, so this is a guess."""


@dataclass(frozen=True, slots=True)
class Note:
    """What a job's result needs beside its output.

    Args:
        registers: The classical registers, in the order of their declaration.
        qubits: For each classical bit, the qubit that is measured into it, or -1.
        atoms: The atoms, in the order of the bitstrings.
    """

    registers: tuple[Register, ...] = ()
    qubits: tuple[int, ...] = ()
    atoms: tuple[str, ...] = ()

    def words(self) -> dict[str, str]:
        """Write the note down as metadata; nothing where it would be too long."""
        document: dict[str, object] = {}
        if self.registers:
            document["registers"] = [[r.name, r.width] for r in self.registers]
        if self.qubits:
            document["qubits"] = list(self.qubits)
        if self.atoms:
            document["atoms"] = list(self.atoms)
        text = json.dumps(document, separators=(",", ":"))
        return {KEY: text} if document and len(text) <= _LONGEST else {}

    @classmethod
    def read(cls, metadata: Mapping[str, str]) -> Note:
        """Read the note of a job; an empty one where there is none."""
        loaded = _loaded(metadata.get(KEY))
        found: dict[str, Any] = loaded if isinstance(loaded, dict) else {}
        qubits = found.get("qubits") or _loaded(metadata.get("meas_map"))
        try:
            return cls(
                tuple(Register(str(n), int(w)) for n, w in found.get("registers") or ()),
                tuple(int(q) for q in qubits) if isinstance(qubits, list) else (),
                tuple(str(atom) for atom in found.get("atoms") or ()),
            )
        except (TypeError, ValueError):
            return cls()


def _loaded(text: str | None) -> object:
    try:
        found: object = json.loads(text or "null")
    except ValueError:
        return None
    return found
