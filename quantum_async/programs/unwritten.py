"""Sequences that Pulser cannot write down: programs that hold the sequence itself."""

from __future__ import annotations

import hashlib
import pickle
from enum import Enum
from functools import cached_property
from io import BytesIO
from typing import TYPE_CHECKING, Any

from quantum_async.errors import UnsupportedProgramError
from quantum_async.models.program import Program, ProgramFormat

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pulser import Sequence
    from pulser.devices._device_datacls import BaseDevice


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
    for part in (device, *device.channels.values(), *_waveforms(_calls(sequence))):
        if type(part).__module__.partition(".")[0] != "pulser":
            return f"{type(part).__qualname__} is not one of Pulser's own classes"
    return ""


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


def _waveforms(value: Any) -> Iterator[object]:
    from pulser import Pulse
    from pulser.waveforms import CompositeWaveform, Waveform

    if isinstance(value, Waveform):
        yield value
        if isinstance(value, CompositeWaveform):
            yield from _waveforms(value.waveforms)
    elif isinstance(value, Pulse):
        yield from _waveforms((value.amplitude, value.detuning))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _waveforms(item)
    elif isinstance(value, dict):
        yield from _waveforms(list(value.values()))


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
