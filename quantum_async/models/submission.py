"""What the scheduler hands to a provider: jobs grouped into one wire submission."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantum_async.models.batch import BatchRef, FailurePolicy
    from quantum_async.models.grid import Value
    from quantum_async.models.program import Program


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Options of a job beyond program, shots and parameters.

    A provider that has options of its own subclasses this.

    Args:
        seed: Makes a simulator repeat itself; quantum hardware ignores it.
        observables: Pauli strings such as ``"ZZ"`` or ``"IXY"`` whose expectation values are
            wanted; the rightmost letter acts on qubit 0, as Qiskit writes them.
        tags: Free words that the provider stores with the job, where it can.
    """

    seed: int | None = None
    observables: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


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
class SubmitRequest:
    """One wire submission: one or more jobs that the provider takes together.

    Args:
        key: Our key of the submission, put on the wire wherever the protocol has a place for it.
        target: The device's name.
        jobs: What to run, in order.
        batch: The open batch the jobs go to, or ``None``.
        expected: How many further jobs of this kind the caller is going to send; a hint.
    """

    key: str
    target: str
    jobs: tuple[JobSpec, ...]
    batch: BatchRef | None = None
    expected: int = 0


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
