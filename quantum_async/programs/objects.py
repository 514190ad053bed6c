"""Programs from the objects of other libraries."""

from __future__ import annotations

import json
import re
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast
from uuid import UUID, uuid5

from quantum_async.errors import InvalidInputError, NoMeasurementError
from quantum_async.models.program import Program, ProgramFormat, qasm_format
from quantum_async.programs.reasons import reason_of
from quantum_async.programs.unwritten import unfaithful, unwritten_program

if TYPE_CHECKING:
    from pulser import Sequence
    from pulser.devices._device_datacls import BaseDevice
    from qiskit import QuantumCircuit

    ProgramLike: TypeAlias = "Program | QuantumCircuit | Sequence[BaseDevice] | str | Path"
    """What can be run: a program, a circuit, a sequence, OpenQASM text or a file's path."""

_ACCEPTED = (
    "Pass a Program, a Qiskit QuantumCircuit, a Pulser Sequence, OpenQASM text, "
    "or a pathlib.Path to a .qasm, .qpy or .json file."
)

_COUNTED_NAME = re.compile(r"circuit-\d+(-\d+)?")
_PARAMETERS = UUID("6b1b36cf-1a2f-4f0e-9f0b-7c8a3f1c2d5e")


def as_program(obj: object) -> Program:
    """Make a program of an object that describes one.

    The object is copied or written down at once: changing it later does not change the program.
    A sequence that Pulser cannot write down, or would alter, becomes a program that only the
    simulators of this package run.

    Args:
        obj: A `Program`, a Qiskit circuit, a Pulser sequence, OpenQASM text, or the path of a
            file that `Program.load` reads.

    Raises:
        InvalidInputError: The object describes no program that this package knows.
        NoMeasurementError: A sequence is not measured, and which basis is meant is not clear.

    Example:
        ```python
        import quantum_async as qa

        bell = qa.as_program("OPENQASM 2.0; qreg q[1]; creg c[1]; measure q -> c;")
        assert bell.format == qa.ProgramFormat.QASM2
        ```
    """
    if isinstance(obj, Program):
        return obj
    if isinstance(obj, str):
        return _from_text(obj)
    if isinstance(obj, Path):
        return Program.load(obj)
    if _inherits(obj, "qiskit", "QuantumCircuit"):
        return _from_circuit(cast("QuantumCircuit", obj))
    if _inherits(obj, "pulser", "Sequence"):
        return _from_sequence(cast("Sequence[BaseDevice]", obj))
    raise InvalidInputError(
        f"{type(obj).__module__}.{type(obj).__qualname__} is not a program", remedy=_ACCEPTED
    )


def _inherits(obj: object, library: str, name: str) -> bool:
    # By name, because importing the library to compare types costs half a second.
    return any(
        cls.__name__ == name and cls.__module__.partition(".")[0] == library
        for cls in type(obj).__mro__
    )


def _from_text(text: str) -> Program:
    if "\n" not in text and ";" not in text:
        raise InvalidInputError(
            f"the text {text[:60]!r} is not an OpenQASM program",
            remedy="For a file, pass pathlib.Path(...) or Program.load(...). " + _ACCEPTED,
        )
    return Program(text, qasm_format(text))


def _from_circuit(circuit: QuantumCircuit) -> Program:
    copy = circuit.copy()

    def encode() -> bytes:
        from qiskit import qpy

        buffer = BytesIO()
        # Qiskit numbers circuits without a name: made again, the same circuit is called otherwise.
        counted = _COUNTED_NAME.fullmatch(copy.name or "")
        qpy.dump(copy.copy(name="circuit") if counted else copy, buffer)
        return _with_lasting_ids(buffer.getvalue(), copy)

    return Program.from_live(copy, encode, ProgramFormat.QISKIT, copy.name)


def _with_lasting_ids(payload: bytes, circuit: QuantumCircuit) -> bytes:
    """Replace the random ids of parameters by ids that follow from their names.

    Otherwise the same circuit, made again by another process, would be another program there, and
    a sweep could not be continued.
    """
    for parameter in circuit.parameters:
        vector = getattr(parameter, "vector", None)
        if vector is None:
            payload = payload.replace(
                parameter.uuid.bytes, uuid5(_PARAMETERS, parameter.name).bytes
            )
            continue
        # Which of the two is written depends on the version of QPY; they differ by the place.
        first = uuid5(_PARAMETERS, vector.name).int & ~0xFFFFFFFF
        place = parameter.index
        root = UUID(int=parameter.uuid.int - place)
        payload = payload.replace(root.bytes, UUID(int=first).bytes)
        payload = payload.replace(parameter.uuid.bytes, UUID(int=first + place).bytes)
    return payload


def _from_sequence(sequence: Sequence[BaseDevice]) -> Program:
    bases = tuple(sequence.get_addressed_bases())
    if not sequence.is_measured() and len(bases) != 1:
        addressed = " and ".join(bases) or "no basis"
        raise NoMeasurementError(
            f"the sequence is not measured and addresses {addressed}",
            remedy="End it with sequence.measure(basis).",
        )
    if why := unfaithful(sequence):
        return unwritten_program(sequence, why)
    try:
        text: str = sequence.to_abstract_repr(skip_validation=True)
    except Exception as error:  # noqa: BLE001 - Pulser runs it, whatever its serialiser raises
        return unwritten_program(sequence, reason_of(error))
    if not sequence.is_measured():
        document = json.loads(text)
        document["measurement"] = bases[0]
        text = json.dumps(document)
    return Program(text, ProgramFormat.PULSER)
