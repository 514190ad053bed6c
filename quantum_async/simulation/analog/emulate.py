"""Emulating a sequence as a Pulser emulation configuration says, noise included."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeAlias

from quantum_async.errors import DeviceLimitError, InvalidOptionError, ProgramError
from quantum_async.models.result import BitOrder, Expectation, Result
from quantum_async.programs.reasons import reason_of
from quantum_async.programs.sequences import measured_basis
from quantum_async.simulation.devices import ANALOG_COPIES, analog_qubits
from quantum_async.simulation.memory import AMPLITUDE, gibibytes

if TYPE_CHECKING:
    from collections.abc import Generator

    from pulser import Sequence
    from pulser.backend import Results
    from pulser.devices._device_datacls import BaseDevice
    from pulser_simulation import QutipConfig

    from quantum_async.models.submission import JobSpec

    Document: TypeAlias = "dict[str, object]"


_borrowing = threading.RLock()


@contextmanager
def undrawn(draws: int) -> Generator[None]:
    """Take back a known number of uniform draws that the block makes and does not need.

    Where another thread has drawn meanwhile nothing is taken back, because its numbers would
    come again.

    Args:
        draws: How many numbers the block draws.
    """
    import numpy as np

    with _borrowing:
        before = np.random.RandomState()
        before.set_state(np.random.get_state())  # noqa: NPY002 - the state that Pulser draws from
        start = before.get_state(legacy=True)
        yield
        before.uniform(size=draws)
        now = np.random.get_state()  # noqa: NPY002
        if _equal(now, before.get_state(legacy=True)):
            np.random.set_state(start)  # noqa: NPY002


@contextmanager
def seeded(seed: int) -> Generator[None]:
    """Let the block draw what follows from a seed, and put the user's state back.

    Args:
        seed: The seed.
    """
    import numpy as np

    with _borrowing:
        before = np.random.get_state()  # noqa: NPY002
        np.random.seed(np.random.SeedSequence(seed).generate_state(8))  # noqa: NPY002
        try:
            yield
        finally:
            np.random.set_state(before)  # noqa: NPY002


def _equal(one: object, two: object) -> bool:
    import numpy as np

    if not isinstance(one, tuple) or not isinstance(two, tuple):
        return False
    return one[2:] == two[2:] and bool(np.array_equal(one[1], two[1]))


_BOTH_BASES = 3


def check_sequence(sequence: Sequence[BaseDevice], job: JobSpec) -> None:
    """Refuse a built sequence that cannot be simulated.

    Raises:
        ProgramError: It does nothing.
        NoMeasurementError: Which basis is measured is not clear.
        DeviceLimitError: It does not fit in memory.
    """
    if sequence.is_empty() or sequence.get_duration() == 0:
        raise ProgramError(
            f"the sequence {job.program.where} does nothing",
            remedy="Declare a channel and add a pulse or a delay.",
        )
    measured_basis(sequence)
    levels = _BOTH_BASES if len(sequence.get_addressed_bases()) > 1 else 2
    check_atoms(len(sequence.register.qubit_ids), levels)


def check_atoms(atoms: int, levels: int) -> None:
    """Refuse more atoms than memory holds.

    Args:
        atoms: How many there are.
        levels: How many levels each of them has.

    Raises:
        DeviceLimitError: They do not fit in memory.
    """
    most = analog_qubits(levels)
    if atoms > most:
        needed = gibibytes(AMPLITUDE * ANALOG_COPIES * levels**atoms)
        raise DeviceLimitError(
            f"the sequence has {atoms} atoms, for {needed}, and local:pulser takes {most} here",
            remedy="Use fewer atoms, or a cloud emulator or device.",
        )


_ONE_STATES = {"ground-rydberg": "r", "digital": "h", "XY": "d"}
_DISSIPATIVE = frozenset({"relaxation", "dephasing", "depolarizing", "eff_noise", "leakage"})
_MASTER, _MONTE_CARLO = "MasterEquation", "MonteCarlo"
_SOLVERS = frozenset({"default", _MASTER, _MONTE_CARLO})
_FIELDS = frozenset(
    {
        "callbacks",
        "default_evaluation_times",
        "default_num_shots",
        "initial_state",
        "interaction_matrix",
        "n_trajectories",
        "noise_model",
        "observables",
        "prefer_device_noise_model",
        "print_progress",
        "progress_bar",
        "sampling_rate",
        "solver",
        "with_modulation",
    }
)
"""What pulser-simulation reads of a configuration. Others hold what only another emulator knows:
its step, its precision, its GPUs."""
_RYDBERG = ("ground-rydberg", "Global")
_SUFFIX = "counts"
_END = 1.0
"""The relative time of the final state."""


@dataclass(frozen=True, slots=True)
class Emulation:
    """An emulation configuration that has been read.

    Args:
        text: Abstract representation of an ``EmulationConfig``.
    """

    text: str

    @classmethod
    def read(cls, text: str) -> Emulation:
        """Read the abstract representation of an ``EmulationConfig`` or ``NoiseModel``.

        What only another emulator understands, such as the solver of an ``MPSConfig``, is left
        out: it says how that one computes, and not what.

        Raises:
            InvalidOptionError: It is neither, or a word in it is misspelt.
        """
        document = _document(text)
        if "noise_types" in document:
            return cls(json.dumps(_around_noise(text)))
        return cls(json.dumps(_understood(document)))

    def noise(self, sequence: Sequence[BaseDevice]) -> str:
        """Name the kinds of noise that a sequence has: its device's, where that is preferred."""
        return ", ".join(sorted(_noise_types(_document(self.text), sequence)))

    def check(self, sequence: Sequence[BaseDevice], *, is_seeded: bool) -> None:
        """Refuse what cannot be emulated as it stands.

        Raises:
            InvalidOptionError: The configuration is malformed, or a Monte-Carlo solver is asked
                to repeat itself.
            DeviceLimitError: A density matrix does not fit in memory.
        """
        document = _document(self.text)
        _add_bitstrings(document, measured_basis(sequence), shots=1)
        _config(document)
        if not _is_dissipative(document, sequence):
            # Nothing is solved but Schrödinger's equation, whichever solver is named.
            return
        if document.get("solver") == _MONTE_CARLO:
            if is_seeded:
                raise InvalidOptionError(
                    "the Monte-Carlo solver cannot be seeded",
                    remedy="Leave the seed out, or use the master-equation solver.",
                )
        else:
            levels = 2 + (len(sequence.get_addressed_bases()) > 1)
            check_atoms(len(sequence.register.qubit_ids), levels**2)


def emulate(sequence: Sequence[BaseDevice], emulation: Emulation, shots: int, seed: int) -> Result:
    """Run a sequence on Pulser's QuTiP backend.

    Args:
        sequence: A built sequence.
        emulation: How.
        shots: How many outcomes; with stochastic noise they are drawn evenly from all
            trajectories.
        seed: Seed of everything that is drawn.
    """
    import numpy as np
    from pulser_simulation import QutipBackendV2

    sequence = _measurable(sequence)
    document = _document(emulation.text)
    tag = _add_bitstrings(document, measured_basis(sequence), shots)
    if _is_dissipative(document, sequence) and document.get("solver") != _MONTE_CARLO:
        # QuTiP seeds its Monte-Carlo solver by itself; the master equation needs no seed.
        document["solver"] = _MASTER
    config = _config(document)
    with seeded(seed):
        results = QutipBackendV2(sequence, config=config).run()
    pooled = results.get_result(tag, _END)
    generator = np.random.Generator(np.random.PCG64(seed))
    outcomes = sorted(pooled)
    kept = generator.multivariate_hypergeometric([pooled[o] for o in outcomes], shots)
    counts = {o: int(n) for o, n in zip(outcomes, kept, strict=True) if n}
    return Result(
        counts,
        shots,
        BitOrder.ATOMS,
        expectation_values=_scalars(results),
        raw=_written(results),
    )


def _measurable(sequence: Sequence[BaseDevice]) -> Sequence[BaseDevice]:
    """Take a sequence that drives nothing for one of the Rydberg basis.

    Pulser does so itself, and then refuses to measure it in another: a sweep's first point, at no
    amplitude, would fail. Every atom stays where it began, so all bases show the same.
    """
    from pulser import Sequence
    from pulser.sampler import sample

    if measured_basis(sequence) != "digital" or sample(sequence).used_bases:
        return sequence
    channels = sequence.device.channels.items()
    rydberg = [name for name, c in channels if (c.basis, c.addressing) == _RYDBERG]
    if not rydberg:
        return sequence
    still = Sequence(sequence.register, sequence.device)
    still.declare_channel("still", rydberg[0])
    still.delay(sequence.get_duration(), "still")
    still.measure("ground-rydberg")
    return still


def _document(text: str) -> Document:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise _invalid(f"not JSON: {error.msg} in line {error.lineno}") from error
    if not isinstance(document, dict):
        raise _invalid("not a JSON object")
    return document


def _config(document: Document) -> QutipConfig:
    from pulser_simulation import QutipConfig

    try:
        return QutipConfig.from_abstract_repr(json.dumps(document))  # type: ignore[return-value]
    except Exception as error:
        # Pulser's schema validators and constructors raise errors of four libraries.
        raise _invalid(reason_of(error)) from error


def _invalid(message: str) -> InvalidOptionError:
    return InvalidOptionError(
        f"the emulation configuration cannot be used: {message}",
        remedy="Pass EmulationConfig(...).to_abstract_repr() or a noise model's.",
    )


def _around_noise(text: str) -> Document:
    from pulser import NoiseModel
    from pulser.backend import BitStrings
    from pulser.backend.config import DEFAULT_N_TRAJECTORIES
    from pulser_simulation import QutipConfig

    try:
        noise = NoiseModel.from_abstract_repr(text)
    except Exception as error:
        # As in `_config`.
        raise _invalid(reason_of(error)) from error
    config = QutipConfig(
        observables=[BitStrings(num_shots=1)],
        noise_model=noise,
        n_trajectories=noise.runs or DEFAULT_N_TRAJECTORIES,
    )
    document = _document(config.to_abstract_repr(skip_validation=True))
    document["observables"] = []
    return document


def _add_bitstrings(document: Document, basis: str, shots: int) -> str:
    from pulser.backend import BitStrings
    from pulser_simulation import QutipConfig

    observables = document.get("observables")
    if not isinstance(observables, list) or not all(isinstance(o, dict) for o in observables):
        raise _invalid("it has no list of observables")
    taken = any(
        o.get("observable") == "bitstrings" and not o.get("tag_suffix") for o in observables
    )
    ours = BitStrings(
        evaluation_times=[_END],
        num_shots=shots,
        one_state=_ONE_STATES[basis],  # type: ignore[arg-type]  # one of Pulser's letters
        tag_suffix=_SUFFIX if taken else None,
    )
    text = QutipConfig(observables=[ours]).to_abstract_repr(skip_validation=True)
    document["observables"] = [*observables, *json.loads(text)["observables"]]
    document["default_num_shots"] = shots
    return ours.tag


def _is_dissipative(document: Document, sequence: Sequence[BaseDevice]) -> bool:
    return not _DISSIPATIVE.isdisjoint(_noise_types(document, sequence))


def _noise_types(document: Document, sequence: Sequence[BaseDevice]) -> tuple[str, ...]:
    noise = document.get("noise_model")
    types = noise.get("noise_types", ()) if isinstance(noise, dict) else ()
    of_device = sequence.device.noise_model
    if document.get("prefer_device_noise_model") and of_device is not None:
        types = of_device.noise_types
    return tuple(types)


def _understood(document: Document) -> Document:
    for name in document.keys() - _FIELDS:
        _refuse_misspelt("option", name, _FIELDS)
    kept = {name: value for name, value in document.items() if name in _FIELDS}
    solver = kept.get("solver")
    if isinstance(solver, str) and solver not in _SOLVERS:
        _refuse_misspelt("solver", solver, _SOLVERS)
        del kept["solver"]
    return kept


def _refuse_misspelt(kind: str, word: str, known: frozenset[str]) -> None:
    by_letters = {name.casefold(): name for name in known}
    near = get_close_matches(word.casefold(), by_letters, 1, _ALIKE)
    if near:
        raise _invalid(f"{kind} {word!r} is unknown; is {by_letters[near[0]]!r} meant?")


_ALIKE = 0.85


def _scalars(results: Results) -> dict[str, Expectation]:
    found = {}
    for tag, values in results.get_tagged_results().items():
        if results.get_result_times(tag)[-1:] != [_END]:
            # It was observed before the end only; the whole of it is written down.
            continue
        try:
            found[tag] = Expectation.of(complex(values[-1]))
        except (TypeError, ValueError):
            continue
    return found


def _written(results: Results) -> str | None:
    from pulser.exceptions.base import PulserError

    try:
        return results.to_abstract_repr(skip_validation=True)
    except (PulserError, TypeError):
        # States of the simulator have no written form.
        return None
