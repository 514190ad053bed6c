# mypy: allow-subclassing-any
"""What Qiskit sees of a machine: `BackendV2` without `run`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qiskit.providers import BackendV2, Options

from quantum_async.errors import InvalidOptionError
from quantum_async.integrations.qiskit import fitting, iqm
from quantum_async.models.submission import RunOptions
from quantum_async.programs.objects import as_program

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qiskit import QuantumCircuit
    from qiskit.transpiler import Target

    from quantum_async.integrations.qiskit.machines import Machine
    from quantum_async.models.device import Device
    from quantum_async.models.program import Program

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
        import quantum_async

        super().__init__(
            provider=provider,
            name=machine.name,
            description=machine.device.description,
            backend_version=str(quantum_async.__version__),
        )
        self.machine = machine
        most = machine.device.max_shots
        self._options.update_options(shots=min(DEFAULT_SHOTS, most or DEFAULT_SHOTS))
        if most is not None:
            self._options.set_validator("shots", (1, most))
        targets = [machine.target, *([] if machine.physical is None else [machine.physical])]
        self._fitting = fitting.Fitting(machine.on, *targets)

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
        sent as MOVE, CZ, MOVE; `physical_target` has the resonators.
        """
        return self.machine.target

    @property
    def physical_target(self) -> Target | None:
        """The same with resonators as further qubits, and MOVE; ``None`` where there are none.

        Circuits that were written for it run as well. Qiskit's transpiler cannot use it.
        """
        return self.machine.physical

    @property
    def max_circuits(self) -> int | None:  # pyright: ignore[reportIncompatibleMethodOverride]  # Qiskit's says None
        """Most circuits that the provider takes as one job of its own, where it says so.

        ``run`` takes more: they become several jobs of the provider, and one of Qiskit's.
        """
        return self.machine.max_circuits

    @property
    def device(self) -> Device:
        """The provider's own description: status, queue, kind."""
        return self.machine.device

    @property
    def calibration_set_id(self) -> str | None:
        """Which calibration the figures of `target` are of, where the provider names it."""
        return self.machine.calibration_set_id

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
            found = fitting.transpiled(found, self.target, settings.level, seed)
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
            circuit = iqm.routed(circuit, machine.routes, width)
        return as_program(circuit)
