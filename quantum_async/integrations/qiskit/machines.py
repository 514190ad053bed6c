"""Machines: what is known of a provider's devices that run circuits, IQM's figures and resonators included."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar, cast

import anyio.to_thread
from qiskit import QuantumCircuit, QuantumRegister
from qiskit.circuit import Delay, Gate, IfElseOp, Measure, Parameter, Reset
from qiskit.circuit.library import CZGate, RGate, get_standard_gate_name_mapping
from qiskit.transpiler import InstructionProperties, QubitProperties, Target

from quantum_async.errors import (
    ConfigurationError,
    NotFoundError,
    RejectedRequestError,
    ResultPendingError,
    UnknownTargetError,
    UnsupportedProgramError,
)
from quantum_async.models.device import Device, DeviceKind
from quantum_async.models.job import JobRef
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.simulation.circuits.prepare import instructions, operations
from quantum_async.simulation.devices import CIRCUIT_DEVICES, DEFAULT_CIRCUIT_DEVICE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Collection, Mapping

    from qiskit.circuit import Instruction

    from quantum_async.providers.azure.client import AzureClient
    from quantum_async.providers.base import ProviderClient
    from quantum_async.providers.iqm.architecture import Architecture
    from quantum_async.providers.iqm.client import IQMClient
    from quantum_async.providers.iqm.wire import ObservationSet, QuantumComputer
    from quantum_async.providers.qoro.client import QoroClient

    Operations = Mapping[str, Instruction | type[Instruction]]


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


Told = TypeVar("Told")

_CIRCUIT = Program("", ProgramFormat.QISKIT)
_ALWAYS = ("measure",)
_NO_OPERATION = ("save_", "set_", "qerror", "roerror", "quantum_channel")
"""How the names of Aer's own instruments begin, which no circuit for a backend needs."""


@dataclass(frozen=True)
class Machine:
    """What is known of a device, at the time it was asked for.

    Args:
        device: The provider's description.
        target: What it runs, for Qiskit's transpiler.
        max_circuits: Most circuits of one of the provider's jobs, where the provider limits it.
        has_observables: Whether the provider computes expectation values itself.
        calibration_set_id: What its figures are of, where the provider names it.
        physical: The same with resonators as further qubits, where it has any.
        routes: For each pair of qubits that CZ joins over a resonator, the way it is done.
        resonators: How many resonators it has.
        takes_noise: Whether it takes a noise model of Aer's.
    """

    device: Device
    target: Target
    max_circuits: int | None = None
    has_observables: bool = False
    calibration_set_id: str | None = None
    physical: Target | None = None
    routes: Mapping[tuple[int, int], Route] = field(default_factory=lambda: MappingProxyType({}))
    resonators: int = 0
    takes_noise: bool = False

    @property
    def name(self) -> str:
        """The device's name."""
        return self.device.name

    @property
    def on(self) -> str:
        """The target to run on, as the scheduler takes it."""
        return self.device.target


class Service:
    """A provider of which only the contract is known.

    Args:
        client: The provider's client.
    """

    counts_circuits = True
    """Whether the provider can be asked how many circuits a job has."""

    def __init__(self, client: ProviderClient) -> None:
        self.client = client

    async def devices(self) -> list[Device]:
        """List the devices that run circuits."""
        return [item for item in await self.client.devices() if item.kind is DeviceKind.GATE]

    async def machine(self, name: str) -> Machine:
        """Ask for all that is to be known of a device.

        Args:
            name: The device; the client's own or usual one if empty.

        Raises:
            UnknownTargetError: There is none of that name that runs circuits.
            UnsupportedProgramError: The provider does not say which gates it takes.
        """
        wanted = name or self.client.default_device(_CIRCUIT)
        devices = await self.devices()
        for device in devices:
            if device.name.lower() == wanted.lower():
                return await self.described(device)
        raise UnknownTargetError(
            f"{self.client.name} has no device {wanted!r} that runs circuits",
            provider=self.client.name,
            remedy=f"There are: {', '.join(device.name for device in devices) or 'none'}.",
        )

    async def described(self, device: Device) -> Machine:
        """Say what is to be known of a device that was listed."""
        return Machine(device, await anyio.to_thread.run_sync(gate_target, device))

    async def found(self, job_id: str) -> tuple[str, int]:
        """Look a job up: the device that it runs on, empty if not told, and its circuits.

        Raises:
            NotFoundError: The provider knows no such job.
        """
        ref = JobRef(self.client.provider, job_id, account=self.client.account)
        if not await self.client.poll([ref]):
            raise NotFoundError(
                f"{self.client.name} knows no job {job_id}",
                provider=self.client.name,
                job_id=job_id,
                remedy="Check the id, and the account that it was submitted with.",
            )
        return "", 1


class LocalService(Service):
    """The simulators of this package."""

    async def described(self, device: Device) -> Machine:
        """Say what a simulator can do, on a thread because Aer is imported for it."""
        return await anyio.to_thread.run_sync(_simulator, device)


class AzureService(Service):
    """Azure Quantum's targets that run circuits."""

    async def found(self, job_id: str) -> tuple[str, int]:
        """Look a job up."""
        job = await cast("AzureClient", self.client).jobs.get(job_id)
        return job.target or "", 1


class QoroService(Service):
    """The Qoro service."""

    counts_circuits = False

    async def described(self, device: Device) -> Machine:
        """Say what a cluster or a system can do."""
        found = await cast("QoroClient", self.client).systems.find(device.name)
        target = await anyio.to_thread.run_sync(gate_target, device)
        return Machine(device, target, has_observables=found.supports_expval)

    async def found(self, job_id: str) -> tuple[str, int]:
        """Look a job up; how many circuits it has is told once it has ended."""
        jobs = cast("QoroClient", self.client).jobs
        await jobs.status(job_id)
        try:
            return "", len(await jobs.rows(job_id))
        except ResultPendingError:
            return "", 1


class IQMService(Service):
    """IQM's quantum computers."""

    async def devices(self) -> list[Device]:
        """List the quantum computers, in one request; what they can run is asked for by name."""
        listed = await cast("IQMClient", self.client).computers.list()
        return [_device(computer) for computer in listed]

    async def machine(self, name: str) -> Machine:
        """Ask for a quantum computer, its calibration, limits and figures: five requests."""
        computer = await cast("IQMClient", self.client).computers.get(name)
        return await self.described(_device(computer))

    async def described(self, device: Device) -> Machine:
        """Say what a quantum computer can do as it is calibrated."""
        client = cast("IQMClient", self.client)
        architecture = await client.computers.architecture(device.name)
        limits = await client.computers.limits(device.name)
        metrics = await _told(client.calibration.metrics(computer=device.name))
        calibration = await _told(client.calibration.get(computer=device.name))

        def machine() -> Machine:
            figures = Figures(architecture, metrics, calibration)
            target = architecture.to_qiskit()
            target.description = device.target
            decorate(target, architecture, figures)
            resonators = architecture.described.computational_resonators
            return Machine(
                replace(
                    device,
                    max_shots=limits.max_shots_per_circuit,
                    num_qubits=target.num_qubits,
                    operations=tuple(target.operation_names),
                ),
                target,
                max_circuits=limits.max_circuits_per_job,
                calibration_set_id=architecture.described.calibration_set_id,
                physical=physical_target(architecture, figures) if resonators else None,
                routes=numbered(architecture),
                resonators=len(resonators),
            )

        return await anyio.to_thread.run_sync(machine)

    async def found(self, job_id: str) -> tuple[str, int]:
        """Look a job up, and what was submitted."""
        client = cast("IQMClient", self.client)
        job = await client.jobs.get(job_id)
        payload = await _told(client.jobs.payload(job_id))
        circuits = (payload or {}).get("circuits")
        name = ""
        if job.qc is not None:
            name = (await client.computers.get(job.qc.id)).alias
        return name, len(circuits) if isinstance(circuits, list) else 1


async def _told(answer: Awaitable[Told]) -> Told | None:
    """Await what not every server tells."""
    try:
        return await answer
    except (ConfigurationError, RejectedRequestError):
        return None


def _simulator(device: Device) -> Machine:
    """Describe a simulator: its name is Aer's of the method, its size what fits on this machine."""
    most = device.num_qubits
    if device.name == DEFAULT_CIRCUIT_DEVICE:
        # How many it takes depends on the gates, and is looked at when a circuit is submitted.
        most = CIRCUIT_DEVICES["stabilizer"].num_qubits
    target = Target(description=device.target, num_qubits=most)
    for name, instruction in instructions(device.name):
        if not name.startswith(_NO_OPERATION):
            properties = None if isinstance(instruction, type) else {None: None}
            target.add_instruction(instruction, properties, name)
    has_observables = "save_expval" in operations(device.name)
    return Machine(device, target, has_observables=has_observables, takes_noise=True)


def _device(computer: QuantumComputer) -> Device:
    name, words = computer.alias, computer.display_name
    is_mock = name.endswith(":mock")
    return Device("iqm", name, DeviceKind.GATE, is_simulator=is_mock, description=words)


_SERVICES: dict[str, type[Service]] = {
    "azure": AzureService,
    "iqm": IQMService,
    "local": LocalService,
    "qoro": QoroService,
}


def service_of(client: ProviderClient) -> Service:
    """Give what is known of a client's provider."""
    return _SERVICES.get(client.provider, Service)(client)


def made_for(target: Target, gates: Collection[str]) -> Target:
    """Leave some gates of a target; what is no gate stays.

    Args:
        target: The target.
        gates: The names of those that are left.
    """
    left = Target(description=target.description, num_qubits=target.num_qubits)
    for name in target.operation_names:
        operation = target.operation_from_name(name)
        if name in gates or not isinstance(operation, Gate):
            places = None if isinstance(operation, type) else dict(target[name])
            left.add_instruction(operation, places, name)
    return left


def gate_target(device: Device) -> Target:
    """Describe a device by the gates, the size and the connectivity that its provider tells.

    Nothing is added: there are no errors and no durations, and where the provider tells no number
    of qubits there is none.

    Args:
        device: The device; its operations are named as Qiskit names them.

    Raises:
        UnsupportedProgramError: The provider tells no gates that Qiskit knows.
    """
    known = _operations()
    names = [name for name in device.operations if name in known]
    if not names:
        raise UnsupportedProgramError(
            f"{device.target} names no gates that Qiskit knows",
            provider=device.provider,
            remedy="Run circuits on it with quantum_async.Scheduler.",
        )
    target = Target(description=device.target, num_qubits=device.num_qubits)
    pairs = _pairs(device)
    for name in dict.fromkeys([*names, *_ALWAYS]):
        operation = known[name]
        two = not isinstance(operation, type) and operation.num_qubits == 2
        places = dict.fromkeys(pairs) if two and pairs else {None: None}
        target.add_instruction(operation, None if isinstance(operation, type) else places, name)
    return target


@cache
def _operations() -> Operations:
    return {**get_standard_gate_name_mapping(), "if_else": IfElseOp}


def _pairs(device: Device) -> list[tuple[int, int]]:
    """Number the qubits that are joined, where the provider names them by numbers."""
    pairs = [(int(a), int(b)) for a, b in device.connectivity if a.isdecimal() and b.isdecimal()]
    return list(dict.fromkeys(pair for a, b in pairs for pair in ((a, b), (b, a))))
