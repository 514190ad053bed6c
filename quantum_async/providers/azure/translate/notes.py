"""What is stored with a job so that its result can be read in any process."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from quantum_async.errors import ResultError, UnsupportedProgramError
from quantum_async.http.redact import beginning
from quantum_async.models.result import Register

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY = "quantum_async"
_LONGEST = 4000
"""Characters of a note at most; how many the service takes is not known, so this is a guess."""
_PACKED = "zlib:"
_BEGINNINGS = ('{"', _PACKED)
_MOST_BYTES = 2**24
"""Bytes that a packed note is unpacked to at most."""

_Count = Annotated[int, Field(ge=0, strict=True)]
_MAP = TypeAdapter(tuple[_Count, ...])


class _Written(BaseModel):
    registers: tuple[tuple[str, _Count], ...] = ()
    qubits: tuple[Annotated[int, Field(strict=True)], ...] = ()
    atoms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """What a job's result needs beside its output.

    Args:
        registers: The classical registers, in the order of their declaration.
        qubits: For each classical bit of the registers, where it is found in the output: the
            number of a qubit or of a bit there, or -1 where it is never measured into.
        atoms: The atoms, in the order of the bitstrings.
    """

    registers: tuple[Register, ...] = ()
    qubits: tuple[int, ...] = ()
    atoms: tuple[str, ...] = ()

    def words(self) -> dict[str, str]:
        """Write the note down as metadata, packed where it is long.

        Raises:
            UnsupportedProgramError: It is too long even so, and the result could not be read.
        """
        document: dict[str, object] = {}
        if self.registers:
            document["registers"] = [[r.name, r.width] for r in self.registers]
        if self.qubits:
            document["qubits"] = list(self.qubits)
        if self.atoms:
            document["atoms"] = list(self.atoms)
        if not document:
            return {}
        text = json.dumps(document, separators=(",", ":"))
        if len(text) > _LONGEST:
            # Bits mostly follow each other, and steps of one are packed better than numbers.
            steps = [place - before for before, place in pairwise((0, *self.qubits))]
            text = json.dumps({**document, "qubits": steps}, separators=(",", ":"))
            text = _PACKED + base64.b64encode(zlib.compress(text.encode(), 9)).decode()
        if len(text) > _LONGEST:
            raise UnsupportedProgramError(
                f"what its result needs takes {len(text)} characters of metadata, and "
                f"{_LONGEST} are sent at most",
                provider="azure",
                remedy="Use fewer registers or classical bits, or measure the qubits in their order.",
            )
        return {KEY: text}

    @classmethod
    def read(cls, metadata: Mapping[str, str], job_id: str) -> Note:
        """Read the note of a job; an empty one where there is none.

        Args:
            metadata: What is stored with the job.
            job_id: The job, for the error.

        Raises:
            ResultError: There is one that cannot be understood.
        """
        try:
            text = metadata.get(KEY, "")
            # Other tools may have words of their own there; what was cut off is ours.
            if text.startswith(_BEGINNINGS):
                return _read(text)
            if text := metadata.get("meas_map", ""):
                # So the vendor's own tools note which qubit is measured into each bit.
                return cls(qubits=_vendors(text))
        except ValueError as error:
            raise ResultError(
                f"the metadata of job {job_id} cannot be understood: {error}",
                provider="azure",
                job_id=job_id,
                remedy="Read the output as it is: client.jobs.output(job_id).",
            ) from None
        return cls()


def _read(text: str) -> Note:
    try:
        content = text.encode()
        if is_packed := text.startswith(_PACKED):
            packed = base64.b64decode(text.removeprefix(_PACKED), validate=True)
            content = zlib.decompressobj().decompress(packed, _MOST_BYTES)
        written = _Written.model_validate_json(content)
    except (ValueError, zlib.error) as error:
        raise ValueError(f"the note {beginning(text)!r} cannot be read") from error
    note = Note(
        tuple(Register(name, width) for name, width in written.registers),
        tuple(accumulate(written.qubits)) if is_packed else written.qubits,
        written.atoms,
    )
    if min(note.qubits, default=0) < -1:
        raise ValueError(f"the note {beginning(text)!r} places a bit at {min(note.qubits)}")
    widths = sum(register.width for register in note.registers)
    if note.registers and note.qubits and len(note.qubits) != widths:
        raise ValueError(f"the note {beginning(text)!r} places other than {widths} bits")
    return note


def _vendors(text: str) -> tuple[int, ...]:
    try:
        return _MAP.validate_json(text)
    except ValidationError as error:
        raise ValueError(f"the measurement map {beginning(text)!r} cannot be read") from error
