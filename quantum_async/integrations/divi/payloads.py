"""What Divi hands over, in whatever form a version of it does: circuits, templates, observables, configurations."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from quantum_async.errors import InvalidInputError
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.providers.qoro.options import DeviceConfig, MaestroConfig, QoroOptions
from quantum_async.providers.qoro.payloads import execution_config, shots_of, whole_job

if TYPE_CHECKING:
    from quantum_async.providers.qoro.options import ExecutionConfig


_REGISTER = re.compile(r"\b(?:qreg\s+\w+\s*\[\s*(\d+)\s*\]|qubit\s*\[\s*(\d+)\s*\]|(qubit)\s+\w)")


def groups_of(
    text: str, spans: Sequence[Sequence[int]] | None, widths: Sequence[int]
) -> list[list[str]]:
    """Read groups of observables, and lengthen those that are shorter than their circuits.

    Args:
        text: The groups.
        spans: Which circuits each group is for, first and one after the last.
        widths: How many qubits each circuit has.

    Raises:
        InvalidInputError: An observable is empty, a span is none, or a short group is for
            circuits of different widths.
    """
    groups = [part.split(";") for part in text.split("|")]
    if not all(map(all, groups)):
        raise InvalidInputError(
            f"an observable in {text!r} is empty",
            provider="qoro",
            remedy="Write one of I, X, Y, Z per qubit.",
        )
    for span in spans or ():
        if len(span) != 2:
            raise InvalidInputError(
                f"a circuit map with {list(span)}",
                provider="qoro",
                remedy="Each row has 2 numbers.",
            )
    covered = _widths_by_group(len(groups), spans, widths)
    # A loop, because a comprehension is a frame of its own in some versions of Python.
    for place, wanted in enumerate(covered):
        groups[place] = _padded(groups[place], wanted)
    return groups


def width_of(circuit: str) -> int:
    """Count the qubits that a program declares."""
    return sum(int(old or new or 1) for old, new, _ in _REGISTER.findall(circuit))


def _widths_by_group(
    groups: int, spans: Sequence[Sequence[int]] | None, widths: Sequence[int]
) -> list[set[int]]:
    covered: list[set[int]] = [set() for _ in range(groups)]
    for place, width in enumerate(widths):
        own = [g for g, span in enumerate(spans or ()) if span[0] <= place < span[1]]
        for group in own[:1] or range(groups):
            covered[group].add(width)
    return covered


def _padded(group: list[str], widths: set[int]) -> list[str]:
    if not widths or min(map(len, group)) >= max(widths):
        return group
    if len(widths) > 1:
        raise InvalidInputError(
            f"the observables {';'.join(group)} are too short for circuits of "
            f"{', '.join(map(str, sorted(widths)))} qubits",
            provider="qoro",
            remedy="Write one letter for each qubit, or give each width a group of its own.",
        )
    [width] = widths
    warnings.warn(
        f"Observables shorter than their circuit act on its first qubits: {group[0]!r} is sent "
        f"as {group[0].ljust(width, 'I')!r}.",
        stacklevel=4,
    )
    return [term.ljust(width, "I") for term in group]


Template = tuple[str, tuple[str, ...], list[tuple[str, tuple[float, ...]]]]
"""A text, the names left open in it, and its points: their labels and values."""


@dataclass(frozen=True, slots=True)
class Payloads:
    """What one job runs.

    Args:
        circuits: OpenQASM by label.
        templates: Instead, programs with open parameters.
    """

    circuits: dict[str, str]
    templates: list[Template]

    @property
    def labels(self) -> tuple[str, ...]:
        """What the results are called, in order."""
        return (*self.circuits, *(label for _, _, rows in self.templates for label, _ in rows))

    @property
    def texts(self) -> list[str]:
        """The program behind each result."""
        filled = [text for text, _, rows in self.templates for _ in rows]
        return [*self.circuits.values(), *filled]

    def program(
        self,
        shots: int,
        shot_groups: Sequence[Sequence[int]] | None,
        groups: list[list[str]] | None,
        spans: Sequence[Sequence[int]] | None,
    ) -> tuple[Program, int]:
        """Write a whole job down, and count the shots of all its circuits.

        Args:
            shots: How often each circuit is run, unless there are ranges.
            shot_groups: Ranges of circuits and their shots.
            groups: Observables instead of counts.
            spans: Which circuits each group of them is for.

        Raises:
            InvalidInputError: It contradicts itself.
        """
        document = {
            **({"templates": self.templates} if self.templates else {"circuits": self.circuits}),
            "shots": shots,
            "shot_groups": _whole(shot_groups),
            "observables": groups,
            "circuit_map": _whole(spans),
        }
        said = {name: value for name, value in document.items() if value is not None}
        if groups is not None:
            del said["shots"]
        program = Program(json.dumps(said), ProgramFormat.QORO, "a job of Divi's")
        total = shots_of(*whole_job(program))
        return program, shots * len(self.labels) if total is None else total


def payloads_of(given: Mapping[str, Any] | Sequence[Any] | None) -> Payloads:
    """Tell circuits from templates.

    Args:
        given: Circuits by label or in a row, or Divi's payloads or templates.

    Raises:
        TypeError: They are neither, or both.
        ValueError: There are none, two have one label, or one cannot be written as OpenQASM 2.
    """
    if isinstance(given, str | bytes) or not isinstance(given, Mapping | Sequence):
        raise TypeError(f"a collection of circuits is needed, not {type(given).__name__}")
    if not given:
        raise ValueError("a job needs at least one circuit")
    if isinstance(given, Mapping):
        return Payloads({str(label): _text(item, str(label)) for label, item in given.items()}, [])
    parametric = [hasattr(item, "parameter_sets") for item in given]
    if not any(parametric):
        return Payloads({str(n): _text(item, str(n)) for n, item in enumerate(given)}, [])
    if not all(parametric):
        raise TypeError("payloads and circuits cannot be mixed")
    templates = [_template(item) for item in given]
    if any(names for _, names, _ in templates):
        return Payloads({}, templates)
    bound = [(label, text) for text, _, rows in templates for label, _ in rows]
    if len(dict(bound)) < len(bound):
        raise ValueError("two circuits of a job have the same label")
    return Payloads(dict(bound), [])


def _whole(rows: Sequence[Sequence[int]] | None) -> list[list[int]] | None:
    return None if rows is None else [list(map(int, row)) for row in rows]


def _template(item: Any) -> Template:
    text = item.template_qasm if hasattr(item, "template_qasm") else item.circuit
    rows = [(str(label), tuple(map(float, values))) for label, values in item.parameter_sets]
    return _text(text, "template"), tuple(item.parameter_names), rows


def _text(circuit: Any, label: str) -> str:
    if isinstance(circuit, str):
        return circuit
    from qiskit import QuantumCircuit, qasm2

    if not isinstance(circuit, QuantumCircuit):
        raise TypeError(
            f"circuit {label!r} must be OpenQASM or a QuantumCircuit, not {type(circuit).__name__}"
        )
    try:
        return str(qasm2.dumps(circuit))
    except qasm2.QASM2ExportError as error:
        raise ValueError(f"circuit {label!r} cannot be written as OpenQASM 2: {error}") from error


_USUAL_TAG = "default"


@dataclass(frozen=True, slots=True)
class JobSettings:
    """What Divi's ``JobConfig`` says; ``None`` where it says nothing.

    Args:
        target: Name of a cluster or system.
        shots: How often each circuit is run.
        tag: A word for lists.
        use_packing: Whether the service may run several circuits at once on one device.
        force_sampling: Whether expectation values are estimated from counts in any case.
    """

    target: str | None = None
    shots: int | None = None
    tag: str | None = None
    use_packing: bool | None = None
    force_sampling: bool = False

    @classmethod
    def of(cls, config: Any, usual: JobSettings | None = None) -> JobSettings:
        """Read a configuration.

        Args:
            config: Divi's own, or ``None``.
            usual: What counts where it says nothing.
        """
        before = usual or cls()
        place = getattr(config, "simulator_cluster", None) or getattr(config, "qpu_system", None)
        tag = getattr(config, "tag", None)
        packing = getattr(config, "use_circuit_packing", None)
        return cls(
            getattr(place, "name", place) or before.target,
            getattr(config, "shots", None) or before.shots,
            # Divi writes its usual tag into every configuration that names none.
            before.tag if tag in {None, _USUAL_TAG} else tag,
            before.use_packing if packing is None else packing,
            bool(getattr(config, "force_sampling", False)) or before.force_sampling,
        )


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How jobs are run, in Divi's own configurations or mappings as they are on the wire.

    Args:
        maestro: A simulator's.
        device: A quantum computer's.
        execution: A simulator's, in Divi before 0.14.
    """

    maestro: Any = None
    device: Any = None
    execution: Any = None

    def options(
        self, usual: RunSettings, job: JobSettings, *, is_simulator: bool, has_key: bool
    ) -> QoroOptions:
        """Make options; what is usual counts where nothing is said, on targets that it fits.

        Args:
            usual: The runner's own.
            job: Tag and packing.
            is_simulator: Whether the target is one.
            has_key: Whether the tag has the submission's key, by which the journal calls it.

        Raises:
            InvalidOptionError: One is none of the service's.
        """
        maestro, device, execution = self.maestro, self.device, self._execution()
        if is_simulator:
            maestro = usual.maestro if maestro is None else maestro
            before = usual._execution()
            if before is not None:
                execution = before if execution is None else before.merged(execution)
        elif device is None:
            device = usual.device
        return QoroOptions(
            tags=(job.tag,) if job.tag and has_key else (),
            tag=None if has_key else job.tag or _USUAL_TAG,
            use_packing=job.use_packing,
            maestro=None if maestro is None else MaestroConfig(more=wire_form(maestro)),
            execution=execution,
            device=None if device is None else DeviceConfig(wire_form(device)),
        )

    def _execution(self) -> ExecutionConfig | None:
        return None if self.execution is None else execution_config(wire_form(self.execution))


def wire_form(config: Any) -> dict[str, Any]:
    """Write one of Divi's configurations as the service reads it."""
    if isinstance(config, Mapping):
        return dict(config)
    if hasattr(config, "to_payload"):
        return dict(config.to_payload())
    from divi.backends.runners._maestro_payload import maestro_config_to_payload  # pyright: ignore[reportMissingImports]

    return dict(maestro_config_to_payload(config))
