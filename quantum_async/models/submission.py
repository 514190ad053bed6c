"""What the scheduler hands to a provider: jobs grouped into one wire submission."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from quantum_async.errors import InvalidOptionError
from quantum_async.models.advice import Action, Advice
from quantum_async.models.fields import check_fields
from quantum_async.models.stored import stored

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantum_async.models.batch import BatchRef, FailurePolicy
    from quantum_async.models.grid import Value
    from quantum_async.models.program import Program


@stored("options")
@dataclass(frozen=True, slots=True)
class RunOptions:
    """Options of a job beyond program, shots and parameters.

    A provider that has options of its own subclasses this, and its client names the class as its
    `options_class`. An option that the client, or the way to its device, cannot carry is refused
    before anything is sent; the seed alone is a wish.

    Args:
        seed: Makes whatever draws random numbers repeat itself: simulators and transpilers that
            know seeds. All others, quantum hardware among them, take the job and ignore it.
        observables: Pauli strings such as ``"ZZ"`` or ``"IXY"`` whose expectation values are
            wanted; the rightmost letter acts on qubit 0, as Qiskit writes them. Refused where
            nothing computes them.
        tags: Free words that are stored with the job. Refused where there is no place for them.

    Raises:
        InvalidOptionError: An option has another type, or is a word that does not exist.
    """

    seed: int | None = None
    observables: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_fields(self)


@runtime_checkable
class WrittenByPulser(Protocol):
    """What Pulser can write down: an ``EmulationConfig`` or a ``NoiseModel``."""

    def to_abstract_repr(self) -> str:
        """Return its abstract representation, which is JSON."""
        ...


@stored("emulation-options")
@dataclass(frozen=True, slots=True)
class EmulationOptions(RunOptions):
    """Options of a job that may be an emulated Pulser sequence: what such clients have in common.

    Args:
        seed: As in `RunOptions`.
        observables: As in `RunOptions`.
        tags: As in `RunOptions`.
        emulation: How a Pulser sequence is emulated: a Pulser ``EmulationConfig``, or its
            abstract representation (JSON), which is what the option then holds.

    Raises:
        InvalidOptionError: The emulation is neither, or cannot be written down.
    """

    emulation: str | WrittenByPulser | None = None

    def __post_init__(self) -> None:
        if isinstance(self.emulation, WrittenByPulser):
            object.__setattr__(self, "emulation", _written(self.emulation))
        # `super()` without arguments does not find its class in one made anew for its slots.
        RunOptions.__post_init__(self)
        if self.emulation_text is not None:
            _names_in(self.emulation_text)

    @property
    def emulation_text(self) -> str | None:
        """The emulation as text."""
        return self.emulation if isinstance(self.emulation, str) else None

    def _refuse_noise_model(self) -> None:
        """Refuse a noise model alone, for clients whose service reads whole configurations."""
        if self.emulation_text is not None and "noise_types" in _names_in(self.emulation_text):
            raise InvalidOptionError(
                f"{type(self).__name__}.emulation is a NoiseModel, not an EmulationConfig",
                remedy=Advice(
                    Action(
                        "Pass EmulationConfig(noise_model=..., observables=[...]).",
                        "Give what to_abstract_repr() of an EmulationConfig with it writes.",
                    )
                ),
            )


@dataclass(frozen=True, slots=True)
class JobSpec:
    """One job before it is sent.

    Args:
        key: Our key of the job, a UUID in hexadecimal.
        program: What to run.
        shots: How often.
        variables: Values of the program's parameters.
        options: Everything else.
    """

    key: str
    program: Program
    shots: int
    variables: Mapping[str, Value] = field(default_factory=dict)
    options: RunOptions = field(default_factory=RunOptions)


@dataclass(frozen=True, slots=True)
class JobParams:
    """In which way one of several jobs of a program differs from the others.

    Args:
        shots: How often it runs; what holds for all of them by default.
        variables: Values of the program's parameters.

    Example:
        ```python
        import quantum_async as qa

        assert qa.JobParams(shots=20, variables={"omega": 6.0}).shots == 20
        ```
    """

    shots: int | None = None
    variables: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SubmitRequest:
    """One wire submission: one or more jobs that the provider takes together.

    Args:
        key: Our key of the submission, put on the wire wherever the protocol has a place for it.
        target: The device's name.
        jobs: What to run, in order.
        batch: The open batch the jobs go to, or ``None``.
    """

    key: str
    target: str
    jobs: tuple[JobSpec, ...]
    batch: BatchRef | None = None


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """A batch to be opened.

    Args:
        key: Our key of the batch, put on the wire wherever the protocol has a place for it.
        target: The device's name.
        program: The program that the batch's jobs share, or ``None`` where each brings its own.
        name: What people call it.
        on_failure: What a failed job does to the rest; ``None`` means the provider's own way.
        options: Everything else.
    """

    key: str
    target: str
    program: Program | None = None
    name: str = ""
    on_failure: FailurePolicy | None = None
    options: RunOptions = field(default_factory=RunOptions)


def _written(emulation: WrittenByPulser) -> str:
    try:
        return emulation.to_abstract_repr()
    except Exception as error:
        # Errors of Pulser's serializer and of its schema's validator.
        raise InvalidOptionError(
            f"the emulation cannot be written down: {error}",
            remedy="Leave out what only exists in this process, such as states and callbacks.",
        ) from error


@lru_cache(maxsize=64)
def _names_in(text: str) -> frozenset[str]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise _bad_emulation(str(error)) from None
    if not isinstance(found, dict):
        raise _bad_emulation("it is not an object")
    return frozenset(found)


def _bad_emulation(why: str) -> InvalidOptionError:
    return InvalidOptionError(
        f"the emulation configuration cannot be used: {why}",
        remedy=Advice(
            Action(
                "Pass a Pulser EmulationConfig, or what its to_abstract_repr() gives.",
                "Give what to_abstract_repr() of a Pulser EmulationConfig writes.",
            )
        ),
    )
