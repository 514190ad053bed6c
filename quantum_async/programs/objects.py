"""Programs from the objects of other libraries, written down or not."""

from __future__ import annotations

import hashlib
import json
import pickle
import re
from enum import Enum
from functools import cached_property, lru_cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast
from uuid import UUID, uuid5

from quantum_async.errors import InvalidInputError, NoMeasurementError, UnsupportedProgramError
from quantum_async.models.program import Program, ProgramFormat, qasm_format
from quantum_async.programs.reasons import reason_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pulser import Sequence
    from pulser.devices._device_datacls import BaseDevice
    from qiskit import QuantumCircuit


def unfaithful(sequence: Sequence[BaseDevice]) -> str:
    """Say what of a sequence its abstract representation would change without a word.

    Args:
        sequence: A sequence.

    Returns:
        What, or nothing where it means the same.
    """
    ids = sequence.get_register(include_mappable=True).qubit_ids
    if len(set(map(str, ids))) < len(ids):
        return "several of its qubits have ids that are the same text"
    device = sequence.device
    parts = (device, *device.channel_objects, *device.dmm_objects, *_calls(sequence))
    kind = _foreign(parts)
    return f"{kind.__qualname__} is not one of Pulser's own classes" if kind else ""


def unwritten_program(sequence: Sequence[BaseDevice], why: str) -> Program:
    """Make a program of a sequence that cannot be written down.

    It runs in this process and in those that it is pickled to.

    Args:
        sequence: The sequence, measured or in one basis only; it is copied.
        why: Why it cannot be written down.

    Raises:
        UnsupportedProgramError: It cannot even be copied.
    """
    try:
        carried = _pickled(sequence)
        copy = pickle.loads(carried)  # noqa: S301 - written in the line above
        described = "\0".join(_described(_calls(sequence)))
    except Exception as error:
        # Whatever objects of the user's own raise when they are taken apart.
        raise UnsupportedProgramError(
            f"the sequence can neither be written down ({why}) nor be copied: {error}",
            remedy="Use waveforms and devices that Pulser's to_abstract_repr() supports.",
        ) from error
    digest = hashlib.sha256(b"sequence\0" + described.encode()).hexdigest()
    return Program.unwritten(ProgramFormat.PULSER, digest, why, live=copy, carried=carried)


def _calls(sequence: Sequence[BaseDevice]) -> list[Any]:
    """List the calls that make a sequence: they say all that it is."""
    return [*sequence._calls, *sequence._to_build_calls]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


_PARTS = {
    "CompositeWaveform": ("waveforms",),
    "ParamObj": ("cls", "args", "kwargs"),
    "Pulse": ("amplitude", "detuning"),
    "_Call": ("args", "kwargs"),
}
"""Where parts stand that somebody may have made a class of his own for."""


def _foreign(value: Any) -> type[object] | None:
    """Find a class that somebody derived from one of Pulser's: its text says only the latter."""
    kind = value if (is_class := isinstance(value, type)) else type(value)
    if is_class or _is_derived(kind):
        return kind if _is_derived(kind) else None
    name = kind.__name__
    if name in _PARTS:
        parts: Iterable[Any] = [getattr(value, part) for part in _PARTS[name]]
    elif kind is dict:
        parts = value.values()
    elif kind in {list, tuple}:
        parts = value
    else:
        return None
    return next(filter(None, map(_foreign, parts)), None)


@lru_cache(maxsize=256)
def _is_derived(kind: type[object]) -> bool:
    own, *others = (each.__module__.partition(".")[0] == "pulser" for each in kind.__mro__)
    return not own and any(others)


def _pickled(sequence: Sequence[BaseDevice]) -> bytes:
    from pulser.waveforms import InterpolatedWaveform

    try:
        # With it, classes of the user's script reach the workers, which do not run that.
        from cloudpickle import Pickler
    except ImportError:
        from pickle import Pickler

    class SequencePickler(Pickler):  # type: ignore[misc, valid-type, unused-ignore]
        def reducer_override(self, obj: object) -> object:
            if isinstance(obj, InterpolatedWaveform):
                # Its class cannot be made without arguments, and pickle gives none.
                return _bare, (type(obj),), vars(obj)
            override = getattr(super(), "reducer_override", None)
            return NotImplemented if override is None else override(obj)

    buffer = BytesIO()
    SequencePickler(buffer).dump(sequence)
    return buffer.getvalue()


def _bare(kind: type[object]) -> object:
    return object.__new__(kind)


def _described(value: Any) -> Iterator[str]:
    """Say what a part of a sequence is, the same in every process."""
    import numpy as np

    kind = type(value)
    yield f"{kind.__module__}.{kind.__qualname__}"
    if isinstance(value, (list, tuple)):
        parts: list[Any] = list(value)
    elif isinstance(value, dict):
        parts = [part for item in value.items() for part in item]
    elif isinstance(value, (set, frozenset)):
        parts = sorted("\0".join(_described(item)) for item in value)
    elif isinstance(value, np.ndarray):
        parts = [str(value.dtype), value.shape, value.tobytes()]
    elif isinstance(value, type) or (callable(value) and hasattr(value, "__qualname__")):
        parts = [f"{value.__module__}.{value.__qualname__}"]
    elif hasattr(value, "__dict__") and not isinstance(value, Enum):
        parts = _held(value)
    else:
        yield repr(value)
        return
    yield str(len(parts))
    for part in parts:
        yield from ([repr(part)] if type(part) is str else _described(part))


def _held(value: Any) -> list[Any]:
    """List what an object is made of: what it remembers of its use does not count."""
    from pulser.math import AbstractArray
    from pulser.parametrized import ParamObj, Variable
    from pulser.waveforms import Waveform

    if isinstance(value, AbstractArray):
        return [value.as_array(detach=True)]
    if isinstance(value, Waveform):
        return [value.samples]
    if isinstance(value, ParamObj):
        return [value.cls, value.args, value.kwargs]
    if isinstance(value, Variable):
        return [value.name, value.dtype, value.size]
    names = sorted(name for name in vars(value) if not _is_said_elsewhere(type(value), name))
    return [part for name in names for part in (name, vars(value)[name])]


def _is_said_elsewhere(kind: type[object], name: str) -> bool:
    """Whether an attribute follows from the others: a device describes itself in its `__doc__`."""
    return name.startswith("__") or isinstance(getattr(kind, name, None), cached_property)


if TYPE_CHECKING:
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
