"""IQM's quantum computers for Qiskit: figures of their gates, and CZ over resonators."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from qiskit import QuantumCircuit, QuantumRegister
from qiskit.circuit import Delay, Gate, Measure, Parameter, Reset
from qiskit.circuit.library import CZGate, RGate
from qiskit.transpiler import InstructionProperties, QubitProperties, Target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantum_async.providers.iqm.architecture import Architecture
    from quantum_async.providers.iqm.wire import ObservationSet

Route = tuple[int, int, int]
"""How a CZ between two qubits is reached: which moves, to which resonator, and the other one."""

_METHODS = {"prx": "rb", "measure": "ssro"}
_OTHERWISE = "irb"
"""By which experiment the fidelity of a gate is measured, by the names of iqm-client 36."""


class Figures:
    """What IQM measured of its gates, as far as it tells.

    Args:
        architecture: What is calibrated, and which implementation of a gate is the usual one.
        metrics: The quality metrics, if there are any.
        calibration: The calibration set, if it could be read.
    """

    def __init__(
        self,
        architecture: Architecture,
        metrics: ObservationSet | None,
        calibration: ObservationSet | None,
    ) -> None:
        self._architecture = architecture
        self._metrics = _values(metrics)
        self._calibration = _values(calibration)

    def properties(self, gate: str, locus: tuple[str, ...]) -> InstructionProperties | None:
        """Give error and duration in seconds of a gate; ``None`` where neither is told.

        Args:
            gate: IQM's name of it.
            locus: Where it acts.
        """
        return _properties(self.duration(gate, locus), self.error(gate, locus))

    def over_resonator(self, route: tuple[str, str, str]) -> InstructionProperties | None:
        """Give error and duration of a CZ that is done as MOVE, CZ, MOVE, if all parts are told.

        Args:
            route: What moves, where to, and the other qubit.
        """
        moved, resonator, other = route
        move, cz = (moved, resonator), (other, resonator)
        times = self.duration("move", move), self.duration("cz", cz)
        errors = self.error("move", move), self.error("cz", cz)
        time = error = None
        if times[0] is not None and times[1] is not None:
            time = 2 * times[0] + times[1]
        if errors[0] is not None and errors[1] is not None:
            error = 1 - (1 - errors[0]) ** 2 * (1 - errors[1])
        return _properties(time, error)

    def error(self, gate: str, locus: tuple[str, ...]) -> float | None:
        """Give one minus the fidelity."""
        method = _METHODS.get(gate, _OTHERWISE)
        found = self._found(self._metrics, f"metrics.{method}.{gate}", gate, locus, "fidelity")
        return None if found is None else 1 - found

    def duration(self, gate: str, locus: tuple[str, ...]) -> float | None:
        """Give the duration in seconds."""
        return self._found(self._calibration, f"gates.{gate}", gate, locus, "duration")

    def qubit(self, name: str) -> tuple[float | None, float | None, float | None]:
        """Give T1 and T2 in seconds, and the frequency of the drive in Hz."""
        model = f"characterization.model.{name}"
        return (
            self._metrics.get(f"{model}.t1_time"),
            self._metrics.get(f"{model}.t2_time"),
            self._calibration.get(f"controllers.{name}.drive.frequency"),
        )

    def _found(
        self,
        values: Mapping[str, float],
        base: str,
        gate: str,
        locus: tuple[str, ...],
        what: str,
    ) -> float | None:
        info = self._architecture.described.gates.get(gate)
        if info is None:
            return None
        for order in (locus, locus[::-1]):
            place = "__".join(order)
            usual = info.default_implementation
            implementation = info.override_default_implementation.get(place, usual)
            value = values.get(f"{base}.{implementation}.{place}.{what}")
            if value is not None:
                return value
        return None


def decorate(target: Target, architecture: Architecture, figures: Figures) -> None:
    """Put the figures that IQM tells on a target of its qubits.

    Args:
        target: What `Architecture.to_qiskit` made.
        architecture: What is calibrated.
        figures: The figures.
    """
    names = architecture.described.qubits
    for place, name in enumerate(names):
        for gate, called in (("prx", "r"), ("measure", "measure")):
            if target.instruction_supported(called, (place,)):
                found = figures.properties(gate, (name,))
                target.update_instruction_properties(called, (place,), found)
    for first, second in target["cz"]:
        pair = names[first], names[second]
        route = architecture.routes.get(pair)
        found = figures.properties("cz", pair) if route is None else figures.over_resonator(route)
        target.update_instruction_properties("cz", (first, second), found)
    told = [figures.qubit(name) for name in names]
    if any(value is not None for values in told for value in values):
        target.qubit_properties = [QubitProperties(*values) for values in told]


def physical_target(architecture: Architecture, figures: Figures) -> Target:
    """Describe a quantum computer with its resonators, which come behind the qubits.

    MOVE is there under its own name, and CZ only where it is direct. Qiskit's transpiler cannot
    make use of it; circuits that are written for it by hand can be checked against it.

    Args:
        architecture: What is calibrated.
        figures: The figures.
    """
    index = {name: place for place, name in enumerate(architecture.components)}
    target = Target(num_qubits=len(index))
    gates = {
        "prx": RGate(Parameter("theta"), Parameter("phi")),
        "measure": Measure(),
        "cz": CZGate(),
        "move": Gate("move", 2, []),
    }
    for name, gate in gates.items():
        loci = sorted(architecture.loci(name))
        known = {tuple(index[part] for part in locus): locus for locus in loci}
        if name == "cz":
            known |= {places[::-1]: locus for places, locus in known.items()}
        properties = {places: figures.properties(name, locus) for places, locus in known.items()}
        target.add_instruction(gate, properties)
    qubits = [(index[name],) for name in architecture.described.qubits]
    target.add_instruction(Reset(), dict.fromkeys(qubits))
    target.add_instruction(
        Delay(Parameter("duration")), dict.fromkeys((n,) for n in index.values())
    )
    return target


def numbered(architecture: Architecture) -> dict[tuple[int, int], Route]:
    """Say by numbers of qubits how a CZ is reached over a resonator, where it is not direct."""
    index = {name: place for place, name in enumerate(architecture.components)}
    return {
        (index[first], index[second]): cast("Route", tuple(index[name] for name in route))
        for (first, second), route in architecture.routes.items()
    }


def routed(
    circuit: QuantumCircuit, routes: Mapping[tuple[int, int], Route], width: int
) -> QuantumCircuit:
    """Write each CZ that goes over a resonator as MOVE, CZ, MOVE.

    Args:
        circuit: In the gates of the target without resonators.
        routes: Which those are.
        width: How many qubits and resonators there are.

    Returns:
        The same circuit where none goes over a resonator.
    """
    places = {qubit: place for place, qubit in enumerate(circuit.qubits)}
    steps = [(step, [places[qubit] for qubit in step.qubits]) for step in circuit.data]
    ways = [
        routes.get((qubits[0], qubits[1])) if step.operation.name == "cz" else None
        for step, qubits in steps
    ]
    if not any(ways):
        return circuit
    # Not a copy: a transpiler's layout does not allow for further qubits.
    wide = QuantumCircuit(
        QuantumRegister(width, "q"), name=circuit.name, global_phase=circuit.global_phase
    )
    wide.metadata = circuit.metadata
    wide.add_bits(circuit.clbits)
    for register in circuit.cregs:
        wide.add_register(register)
    move = Gate("move", 2, [])
    for (step, qubits), route in zip(steps, ways, strict=True):
        if route is None:
            wide.append(step.operation, [wide.qubits[n] for n in qubits], step.clbits)
            continue
        moved, resonator, other = (wide.qubits[place] for place in route)
        wide.append(move, [moved, resonator])
        wide.append(CZGate(), [other, resonator])
        wide.append(move, [moved, resonator])
    return wide


def _values(found: ObservationSet | None) -> dict[str, float]:
    """Read the numbers of a set of observations, by their names without tags."""
    values: dict[str, float] = {}
    for observation in found.observations if found is not None else ():
        value = observation.value
        if isinstance(value, int | float) and not observation.invalid:
            values.setdefault(observation.dut_field.partition(":")[0], float(value))
    return values


def _properties(duration: float | None, error: float | None) -> InstructionProperties | None:
    if duration is None and error is None:
        return None
    return InstructionProperties(duration=duration, error=error)
