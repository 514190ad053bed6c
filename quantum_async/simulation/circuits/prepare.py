"""A circuit made ready for one method of simulation, before its parameters are bound."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from quantum_async.errors import DeviceLimitError, InvalidOptionError
from quantum_async.programs.cache import ProgramCache
from quantum_async.programs.circuits import read_circuit, transpiled
from quantum_async.programs.survey import CONTROL, BitLayout, Survey
from quantum_async.programs.tokens import shape_of
from quantum_async.simulation.circuits.outcomes import Outcomes
from quantum_async.simulation.circuits.vector import LARGEST, StateVector
from quantum_async.simulation.devices import CIRCUIT_DEVICES, DEFAULT_CIRCUIT_DEVICE
from quantum_async.simulation.memory import AMPLITUDE, gibibytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qiskit import QuantumCircuit
    from qiskit.circuit import Instruction
    from qiskit.transpiler import Target

    from quantum_async.models.grid import Value
    from quantum_async.models.program import Program
    from quantum_async.simulation.circuits.noise import Noise

_CLIFFORD = CONTROL | frozenset(
    "barrier cx cy cz delay ecr h id measure pauli reset s sdg swap sx sxdg x y z".split()
)
_VECTOR_DEVICES = frozenset({DEFAULT_CIRCUIT_DEVICE, "statevector"})
_FEW_QUBITS = 20
"""Up to here a state vector is so quick that the tableau of a Clifford circuit gains nothing."""
_FEW_NOISY_QUBITS = 10
"""Up to here one density matrix is quicker than a thousand noisy state vectors."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A circuit made ready for one device.

    Args:
        device: The simulator's name.
        circuit: The circuit in operations that the method knows.
        survey: What it needs.
        bits: Where its classical bits stand in an outcome.
        method: Aer's name of the method.
        vector: What computes its state here; ``None`` where Aer runs it.
        outcomes: What draws from that state.
        noise: The noise, where there is any.
    """

    device: str
    circuit: QuantumCircuit
    survey: Survey
    bits: BitLayout
    method: str
    vector: StateVector | None = None
    outcomes: Outcomes | None = None
    noise: Noise | None = None

    @property
    def is_drawn(self) -> bool:
        """Whether the noise is drawn anew for each shot."""
        return self.noise is not None and self.method != "density_matrix"


_prepared: ProgramCache[Prepared] = ProgramCache("circuit")


def prepare(
    program: Program,
    device: str,
    variables: Mapping[str, Value],
    noise: Noise | None = None,
    *,
    is_observed: bool = False,
) -> Prepared:
    """Read a program and make it ready for a device; done once per program.

    Args:
        program: The program.
        device: The simulator's name.
        variables: Values of its parameters; only their names and lengths matter.
        noise: What is added to its gates and measurements, where there is any.
        is_observed: Whether Aer is to run it in any case.

    Raises:
        ProgramSyntaxError: The program is malformed.
        DeviceLimitError: It does not fit in memory.
        UnsupportedProgramError: The device does not know its operations.
        InvalidOptionError: The device does not know those of the noise.
    """
    return _prepared.get(
        program,
        f"{device} {is_observed} {shape_of(program, variables)} {noise.digest if noise else ''}",
        lambda: _prepare(program, device, variables, noise, is_observed=is_observed),
    )


def _prepare(
    program: Program,
    device: str,
    variables: Mapping[str, Value],
    noise: Noise | None,
    *,
    is_observed: bool,
) -> Prepared:
    original = read_circuit(program, variables=variables)
    bits = BitLayout.of(original)
    vector = outcomes = None
    if device in _VECTOR_DEVICES and noise is None:
        vector = _vector(original, device)
    if vector is not None:
        outcomes = Outcomes.of(vector.course.num_qubits, vector.measured, bits.characters)
        if not is_observed:
            survey = Survey.of(original)
            return Prepared(device, original, survey, bits, "statevector", vector, outcomes)
    circuit = _translate(original, device, noise)
    survey = Survey.of(circuit)
    method = device
    if device == DEFAULT_CIRCUIT_DEVICE:
        method = _noisy_method(survey, noise) if noise else _method(survey)
    _check_size(survey, device, method)
    if noise and (unknown := noise.needs - operations(method)):
        raise InvalidOptionError(
            f"local:{device} cannot carry the noise_model, which needs {', '.join(sorted(unknown))}",
            remedy="Use local:density_matrix, or local:statevector for more qubits.",
        )
    return Prepared(device, circuit, survey, bits, method, vector, outcomes, noise)


def _noisy_method(survey: Survey, noise: Noise) -> str:
    names = (survey.names | noise.needs) - {"barrier"}
    is_small = survey.qubits <= _FEW_NOISY_QUBITS
    if is_small and survey.is_measured_last and names <= operations("density_matrix"):
        return "density_matrix"
    return _method(survey) if noise.needs <= operations("stabilizer") else "statevector"


def _vector(circuit: QuantumCircuit, device: str) -> StateVector | None:
    survey = Survey.of(circuit)
    if survey.decides or survey.qubits > LARGEST or not survey.measures:
        return None
    if device == DEFAULT_CIRCUIT_DEVICE and _method(survey) != "statevector":
        return None
    return StateVector.of(circuit)


def _method(survey: Survey) -> str:
    fits = survey.qubits <= CIRCUIT_DEVICES["statevector"].num_qubits
    if survey.names <= _CLIFFORD and not (fits and survey.qubits <= _FEW_QUBITS):
        return "stabilizer"
    return "statevector"


def _check_size(survey: Survey, device: str, method: str) -> None:
    most = CIRCUIT_DEVICES[method].num_qubits
    if survey.qubits > most:
        levels = CIRCUIT_DEVICES[method].levels
        needed = f", for {gibibytes(AMPLITUDE * levels**survey.qubits)}" if levels else ""
        raise DeviceLimitError(
            f"the circuit uses {survey.qubits} qubits{needed}, and local:{device} takes {most} here",
            remedy="Use fewer qubits, local:matrix_product_state where there is little "
            "entanglement, local:stabilizer for a Clifford circuit, or a cloud target.",
        )


def _translate(circuit: QuantumCircuit, device: str, noise: Noise | None) -> QuantumCircuit:
    known = operations(device)
    names = Survey.of(circuit).names
    unknown = names - known - {"barrier"}
    if not unknown:
        return circuit
    return transpiled(
        circuit,
        f"local:{device} has no {', '.join(sorted(unknown))}",
        provider="local",
        remedy="Use another simulator, such as local:statevector, or replace the operation.",
        # What the circuit says stays: errors are bound to the names of its gates.
        target=_target(device, circuit.num_qubits, noise.basis | names if noise else None),
        optimization_level=0,
    )


@cache
def operations(device: str) -> frozenset[str]:
    """Name the operations that a device knows."""
    from qiskit_aer import AerSimulator

    target = AerSimulator(method=device).target
    return frozenset(target.operation_names if target else ())


def instructions(device: str) -> Iterator[tuple[str, Instruction | type[Instruction]]]:
    """Yield what a device's circuits may be translated to, by name."""
    from qiskit.transpiler import Target
    from qiskit_aer import AerSimulator

    known = AerSimulator(method=device).target or Target()
    for name in known.operation_names:
        # Any gate becomes an rz, which the tableau then refuses at most angles.
        if device != "stabilizer" or name != "rz":
            yield name, known.operation_from_name(name)


def _target(device: str, num_qubits: int, gates: frozenset[str] | None) -> Target:
    # Aer's own target refuses a circuit wider than memory allows even where most qubits idle.
    from qiskit.circuit import Gate
    from qiskit.transpiler import Target

    target = Target(num_qubits=num_qubits)
    for name, instruction in instructions(device):
        if gates is None or name in gates or not isinstance(instruction, Gate):
            target.add_instruction(instruction, name=name)
    return target
