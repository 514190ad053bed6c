# mypy: allow-subclassing-any
"""Backends: what Qiskit sees of a machine, whether circuits fit it, and a ``run`` that is awaited."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import anyio.to_thread
from qiskit import QuantumCircuit, transpile
from qiskit.providers import BackendV2, Options

import quantum_async
from quantum_async.errors import DeviceLimitError, InvalidInputError, InvalidOptionError
from quantum_async.integrations.qiskit.jobs import AsyncJob, JobsRun, job_id_of
from quantum_async.integrations.qiskit.machines import made_for, routed
from quantum_async.models.options import options_as
from quantum_async.models.submission import RunOptions
from quantum_async.programs.circuits import flattened, is_foreign
from quantum_async.programs.objects import as_program
from quantum_async.programs.reasons import reason_of
from quantum_async.simulation.circuits.noise import canonical_noise, read_noise
from quantum_async.simulation.options import SimulationOptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qiskit.transpiler import Target

    from quantum_async.integrations.qiskit.machines import Machine
    from quantum_async.integrations.qiskit.provider import AsyncProvider
    from quantum_async.models.device import Device
    from quantum_async.models.program import Program


_DIRECTIVES = frozenset({"barrier"})


class OutsideTargetError(DeviceLimitError):
    """A circuit holds an operation that the backend's `Target` does not have."""


class Fitting:
    """Check circuits against targets, remembering what each one has.

    Args:
        where: What the backend is called.
        targets: A circuit must fit one of them, the first one being what people look at.
    """

    def __init__(self, where: str, *targets: Target | None) -> None:
        self._where = where
        self._targets = [target for target in targets if target is not None]
        self._known: dict[tuple[int, str, tuple[int, ...]], bool] = {}

    def check(self, circuit: QuantumCircuit) -> None:
        """Refuse a circuit that does not fit.

        Raises:
            OutsideTargetError: With circuit, instruction and qubits.
            UnsupportedProgramError: An operation has no definition, and is none of the target's.
        """
        faults = []
        for number, target in enumerate(self._targets):
            fault = self._fault(circuit, number, target)
            if fault is None:
                # A composite may be called like an operation of the target: its parts are run.
                flat = flattened(circuit, f"circuit {circuit.name!r}", target.operation_names)
                fault = None if flat is circuit else self._fault(flat, number, target)
            if fault is None:
                return
            faults.append(fault)
        raise OutsideTargetError(
            f"circuit {circuit.name!r}{faults[0]} of {self._where}",
            remedy="Transpile it with qiskit.transpile(circuit, backend), or pass "
            "optimization_level= to have that done.",
        )

    def _fault(self, circuit: QuantumCircuit, number: int, target: Target) -> str | None:
        most = target.num_qubits
        if most is not None and circuit.num_qubits > most:
            return f" has {circuit.num_qubits} qubits, more than the {most}"
        return self._operation(circuit, range(circuit.num_qubits), number, target)

    def _operation(
        self, circuit: QuantumCircuit, wires: Sequence[int], number: int, target: Target
    ) -> str | None:
        places = dict(zip(circuit.qubits, wires, strict=True))
        for step, instruction in enumerate(circuit.data):
            name = instruction.operation.name
            if name in _DIRECTIVES:
                continue
            qubits = tuple(places[qubit] for qubit in instruction.qubits)
            blocks = getattr(instruction.operation, "blocks", ())
            if not (name in target.operation_names if blocks else self._has(number, name, qubits)):
                shown = ", ".join(map(str, qubits))
                return f", instruction {step}: {name} on qubits {shown} is not an operation"
            for block in blocks:
                if fault := self._operation(block, qubits, number, target):
                    return fault
        return None

    def _has(self, number: int, name: str, qubits: tuple[int, ...]) -> bool:
        key = (number, name, qubits)
        found = self._known.get(key)
        if found is None:
            target = self._targets[number]
            found = self._known[key] = name in target.operation_names and bool(
                target.instruction_supported(name, qubits)
            )
        return found


def check_backend(backend: object, wanted: type, provider: str) -> None:
    """Refuse a backend of another kind, with the name of what makes the right ones.

    Args:
        backend: What was given.
        wanted: The kind.
        provider: What makes backends of it.

    Raises:
        InvalidInputError: It is of another kind.
    """
    if not isinstance(backend, wanted):
        raise InvalidInputError(
            f"{backend!r} is not a {wanted.__name__}",
            remedy=f"Take one from {provider}(...).backend(name).",
        )


def as_circuits(given: object) -> list[QuantumCircuit]:
    """Make a list of one circuit or several.

    Raises:
        InvalidInputError: There are none, or something else is among them.
    """
    found = [given] if isinstance(given, QuantumCircuit) else list(given)  # type: ignore[call-overload]
    if not found or not all(isinstance(circuit, QuantumCircuit) for circuit in found):
        kinds = ", ".join(sorted({type(item).__name__ for item in found})) or "nothing"
        raise InvalidInputError(
            f"a backend runs circuits, not {kinds}", remedy="Pass one circuit or a list of them."
        )
    return found


def transpiled(
    circuits: list[QuantumCircuit], target: Target, level: int, seed: int | None
) -> list[QuantumCircuit]:
    """Transpile circuits, because that was asked for.

    Args:
        circuits: The circuits.
        target: Where they are going to run.
        level: How hard to try, from 0 to 3.
        seed: Makes it repeat itself.

    Raises:
        InvalidOptionError: There is no such level.
        OutsideTargetError: Qiskit finds no way.
    """
    if level not in range(4):
        raise InvalidOptionError(
            f"optimization_level is {level!r}, not 0 to 3",
            remedy="Give a whole number from 0 to 3.",
        )
    try:
        return list(
            transpile(
                # The transpiler tells operations by their names.
                [flattened(c, f"circuit {c.name!r}", target.operation_names) for c in circuits],
                target=target,
                optimization_level=level,
                seed_transpiler=seed,
                num_processes=1,
            )
        )
    except InvalidInputError:
        raise
    except BaseException as error:
        if not is_foreign(error):
            raise
        raise OutsideTargetError(
            f"Qiskit cannot bring the circuit to the target: {reason_of(error)}",
            remedy="Use fewer qubits, or gates that Qiskit can translate.",
        ) from error


DEFAULT_SHOTS = 1024


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How one call of ``run`` was asked to run.

    Args:
        shots: Shots of each circuit.
        memory: Whether to list the outcome of every shot.
        options: What goes to the provider.
        level: How hard to transpile first; ``None`` never does.
    """

    shots: int
    memory: bool
    options: RunOptions
    level: int | None


class Described(BackendV2):
    """A backend as it was when the provider was asked for it; no property sends anything.

    Args:
        provider: Where it comes from.
        machine: What is known of it.
    """

    _options: Options

    def __init__(self, provider: object, machine: Machine) -> None:
        super().__init__(
            provider=provider,
            name=machine.name,
            description=machine.device.description,
            backend_version=str(quantum_async.__version__),
        )
        self.machine = machine
        self.device: Device = machine.device
        """The provider's own description: status, queue, kind."""
        self.calibration_set_id: str | None = machine.calibration_set_id
        """Which calibration the figures of `target` are of, where the provider names it."""
        self.physical_target: Target | None = machine.physical
        """The target with resonators as further qubits, and MOVE; ``None`` where there are none.

        Circuits that were written for it run as well. Qiskit's transpiler cannot use it.
        """
        most = machine.device.max_shots
        self._options.update_options(shots=min(DEFAULT_SHOTS, most or DEFAULT_SHOTS))
        if most is not None:
            self._options.set_validator("shots", (1, most))
        if machine.takes_noise:
            self._options.update_options(noise_model=None)
        self._fitting = Fitting(machine.on, machine.target, machine.physical)
        self._made_for: dict[frozenset[str], Target] = {}

    @property
    def usual(self) -> Options:
        """The options that count where a call says nothing, as `options`."""
        return self._options

    @classmethod
    def _default_options(cls) -> Options:  # pyright: ignore[reportIncompatibleMethodOverride]  # Qiskit's says None
        return Options(
            shots=DEFAULT_SHOTS,
            memory=False,
            seed_simulator=None,
            optimization_level=None,
            provider_options=None,
        )

    @property
    def target(self) -> Target:  # pyright: ignore[reportIncompatibleMethodOverride]  # Qiskit's says None
        """What circuits may hold, with the figures that the provider tells.

        Where CZ between two qubits goes over a resonator, it is here as if it were direct, and is
        sent as MOVE, CZ, MOVE; `physical_target` has the resonators. With a ``noise_model`` among
        the options it has the gates that this is made for; circuits with others run as well, and
        those gates are noisy where it says so.
        """
        return self._with_gates_of(self._options.get("noise_model"))

    def target_for(self, settings: RunSettings) -> Target:
        """Give the target to transpile for, where a noise model leaves some gates only.

        Args:
            settings: How a call was asked to run.
        """
        return self._with_gates_of(getattr(settings.options, "noise_model", None))

    def _with_gates_of(self, noise: object) -> Target:
        if noise is None:
            return self.machine.target
        if isinstance(noise, str):
            gates = read_noise(canonical_noise(noise)).basis
        else:
            gates = frozenset(getattr(noise, "basis_gates", ()))
        if gates not in self._made_for:
            self._made_for[gates] = made_for(self.machine.target, gates)
        return self._made_for[gates]

    @property
    def max_circuits(self) -> int | None:  # pyright: ignore[reportIncompatibleMethodOverride]  # Qiskit's says None
        """Most circuits that the provider takes as one job of its own, where it says so.

        ``run`` takes more: they become several jobs of the provider, and one of Qiskit's.
        """
        return self.machine.max_circuits

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.machine.on}>"

    def settings(self, given: Mapping[str, object]) -> RunSettings:
        """Make settings of a call's options and, for what it does not say, the backend's.

        Args:
            given: The call's options.

        Raises:
            InvalidOptionError: There is no such option, or it has no such value.
        """
        chosen = dict(self._options.items())
        if unknown := sorted(given.keys() - chosen.keys()):
            raise InvalidOptionError(
                f"{self.machine.on} has no run option {unknown[0]!r}",
                remedy=f"Its options: {', '.join(chosen)}; what only the provider has goes into "
                "provider_options=, such as an IQMOptions.",
            )
        chosen |= {name: value for name, value in given.items() if value is not None}
        options = chosen["provider_options"] or RunOptions()
        if not isinstance(options, RunOptions):
            raise InvalidOptionError(
                f"provider_options is {options!r}, not a RunOptions",
                remedy="Pass the provider's own options, such as an IQMOptions.",
            )
        if chosen["seed_simulator"] is not None:
            options = replace(options, seed=int(chosen["seed_simulator"]))
        if chosen.get("noise_model") is not None:
            own = options_as(SimulationOptions, options, self.device.provider)
            options = replace(own, noise_model=chosen["noise_model"])
        level = chosen["optimization_level"]
        return RunSettings(chosen["shots"], bool(chosen["memory"]), options, level)

    def fitted(
        self, circuits: Sequence[QuantumCircuit], settings: RunSettings
    ) -> list[QuantumCircuit]:
        """Check circuits, after transpiling them where that was asked for; sends nothing.

        Args:
            circuits: The circuits.
            settings: Whether to transpile.

        Raises:
            OutsideTargetError: One does not fit.
        """
        found = list(circuits)
        if settings.level is not None:
            seed = settings.options.seed
            found = transpiled(found, self.target_for(settings), settings.level, seed)
        for circuit in found:
            self._fitting.check(circuit)
        return found

    def program(self, circuit: QuantumCircuit) -> Program:
        """Write a circuit that fits as the program that is sent: its MOVEs spelt out.

        Args:
            circuit: A circuit that `fitted` has let through.
        """
        machine = self.machine
        if machine.routes and machine.target.num_qubits is not None:
            width = machine.target.num_qubits + machine.resonators
            circuit = routed(circuit, machine.routes, width)
        return as_program(circuit)


class AsyncBackend(Described):
    """One device of a provider; made by `AsyncProvider.backend`.

    It is a `BackendV2`, so that ``transpile(circuit, backend)`` takes it.

    Args:
        provider: Where its jobs go.
        machine: What is known of the device.
    """

    def __init__(self, provider: AsyncProvider, machine: Machine) -> None:
        super().__init__(provider, machine)
        self.source = provider
        """Where its jobs go."""

    async def run(  # pyright: ignore[reportIncompatibleMethodOverride]  # Qiskit's says None
        self,
        run_input: QuantumCircuit | Iterable[QuantumCircuit],
        *,
        shots: int | None = None,
        **options: object,
    ) -> AsyncJob:
        """Submit circuits as one job, and return once the provider has accepted all of them.

        Circuits are checked against `target` and never changed, unless ``optimization_level``
        says so. Those that the provider takes together share a job there.

        Billed: running the circuits is. Cancelled: what was accepted is cancelled.

        Args:
            run_input: One circuit or several, in the operations of `target`, parameters bound.
            shots: Shots of each circuit.
            **options: ``memory`` lists every shot, grouped by outcome where the provider tells no
                order; ``seed_simulator`` makes a simulator repeat itself; ``optimization_level``
                from 0 to 3 transpiles the circuits first; ``noise_model``, on the simulators of
                this package, is Aer's; ``provider_options`` is what only the provider has, such as
                an ``IQMOptions``.

        Raises:
            OutsideTargetError: A circuit does not fit; nothing was sent.
            InvalidInputError: A circuit or an option is of no use; nothing was sent.
            SubmissionUnknownError: The answer was lost and cannot be looked up.
            QuantumAsyncError: The provider refused, or stayed out of reach.
        """
        settings = self.settings({"shots": shots, **options})
        given = as_circuits(run_input)
        name = self.source.next_name()
        programs = await anyio.to_thread.run_sync(self._programs, given, settings)
        scheduler = self.source.scheduler
        on, wanted = self.machine.on, settings.options
        submitted = await scheduler.submit_many(
            programs, shots=settings.shots, on=on, name=name, options=wanted
        )
        run = JobsRun(scheduler, list(submitted.values()))
        refs = await run.refs()
        job_id = job_id_of(refs, counted=not self.source.service.counts_circuits)
        return AsyncJob(job_id, self.source, run, self, circuits=given, settings=settings)

    async def retrieve_job(self, job_id: str) -> AsyncJob:
        """Find a job of this backend by its id, in whichever process it was submitted.

        Args:
            job_id: What ``job_id()`` returned, or the provider's own id.

        Raises:
            NotFoundError: The provider knows no such job.
        """
        run, _ = await self.source.found(job_id, self.machine.name)
        return AsyncJob(job_id, self.source, run, self)

    def _programs(
        self, circuits: list[QuantumCircuit], settings: RunSettings
    ) -> dict[str, Program]:
        fitted = self.fitted(circuits, settings)
        return {str(place): self.program(circuit) for place, circuit in enumerate(fitted)}
