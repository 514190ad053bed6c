"""Options of Qoro's jobs, and the execution configuration."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  part of the classes' signatures
from dataclasses import dataclass, field, fields, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Self, TypeVar

from quantum_async.errors import InvalidOptionError, InvalidShotsError
from quantum_async.models.advice import Advice, Setting
from quantum_async.models.fields import check_fields, check_json
from quantum_async.models.options import options_as, refuse_options
from quantum_async.models.stored import stored
from quantum_async.models.submission import RunOptions
from quantum_async.providers.qoro.wire import QoroCluster

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from pydantic import JsonValue

    from quantum_async.providers.qoro.wire import QoroSystem


@stored("qoro.simulator")
class Simulator(IntEnum):
    """Which simulator of the service computes."""

    QISKIT_AER = 0
    QCSIM = 1
    COMPOSITE_QISKIT_AER = 2
    COMPOSITE_QCSIM = 3
    GPU = 4
    QUEST = 5
    DISTRIBUTED_GPU = 6
    DISTRIBUTED_MPI_GPU = 7


@stored("qoro.simulation-method")
class SimulationMethod(IntEnum):
    """By which method it computes."""

    STATEVECTOR = 0
    MATRIX_PRODUCT_STATE = 1
    STABILIZER = 2
    TENSOR_NETWORK = 3
    PAULI_PROPAGATOR = 4
    EXTENDED_STABILIZER = 5
    PATH_INTEGRAL = 6
    DENSITY_MATRIX = 7
    MATRIX_PRODUCT_OPERATOR = 8


_RANGES = {
    "bond_dimension": "1 or more",
    "max_bond_dimension": "1 or more",
    "noise_realizations": "1 or more",
    "noise_scaling_factor": "between 0 and 1",
    "truncation_threshold": "0 or more",
}


def _said(config: DataclassInstance) -> dict[str, Any]:
    """List the fields that say something: in every configuration ``None`` says nothing."""
    named = (f.name for f in fields(config))
    return {name: value for name in named if (value := getattr(config, name)) is not None}


@stored("qoro.execution-config")
@dataclass(frozen=True, slots=True)
class ExecutionConfig:
    """How simulators run a job, as the service's clients before 0.14 write it.

    Args:
        bond_dimension: Largest bond dimension of matrix product states; tiers cap it.
        truncation_threshold: Singular values below it are dropped.
        simulator: Which simulator.
        simulation_method: By which method.
        noisy_device: A device whose noise is simulated, such as ``"ibm_fake_fez"``.
        noise_realizations: How many samples of the noise.
        noise_scaling_factor: From 0, no noise, to 1.
        api_meta: Settings for quantum computers, such as ``{"optimization_level": 2}``.

    Raises:
        InvalidOptionError: A number is out of range, or a value has another type.
    """

    bond_dimension: int | None = None
    truncation_threshold: float | None = None
    simulator: Simulator | None = None
    simulation_method: SimulationMethod | None = None
    noisy_device: str | None = None
    noise_realizations: int | None = None
    noise_scaling_factor: float | None = None
    api_meta: Mapping[str, JsonValue] | None = field(default=None, hash=False)

    def __post_init__(self) -> None:
        check_fields(self)
        check_json(self, "api_meta")
        for name in ("bond_dimension", "noise_realizations"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise _out_of_range(name, value)
        if self.truncation_threshold is not None and self.truncation_threshold < 0:
            raise _out_of_range("truncation_threshold", self.truncation_threshold)
        factor = self.noise_scaling_factor
        if factor is not None and not 0 <= factor <= 1:
            raise _out_of_range("noise_scaling_factor", factor)

    def document(self) -> dict[str, JsonValue]:
        """Write it as the service reads it."""
        said: dict[str, JsonValue] = {
            "bond_dimension": self.bond_dimension,
            "truncation_threshold": self.truncation_threshold,
            "simulator_type": None if self.simulator is None else int(self.simulator),
            "simulation_type": None
            if self.simulation_method is None
            else int(self.simulation_method),
            "noisy_device": self.noisy_device,
            "noise_realizations": self.noise_realizations,
            "noise_scaling_factor": self.noise_scaling_factor,
            "api_meta": dict(self.api_meta) if self.api_meta is not None else None,
        }
        return {name: value for name, value in said.items() if value is not None}

    def merged(self, other: Self) -> Self:
        """Take what the other says, and keep what it says nothing of, also within `api_meta`."""
        found = replace(self, **_said(other))
        if self.api_meta is None or other.api_meta is None:
            return found
        return replace(found, api_meta={**self.api_meta, **other.api_meta})


@stored("qoro.maestro-config")
@dataclass(frozen=True, slots=True)
class MaestroConfig:
    """How simulators run a job, as the service's newest client writes it.

    Args:
        simulator: Which simulator.
        simulation_method: By which method.
        max_bond_dimension: Largest bond dimension of matrix product states; tiers cap it.
        singular_value_threshold: Singular values below it are dropped.
        seed: Makes the simulator repeat itself.
        noise_realizations: How many samples of the noise.
        noise_seed: Makes the noise repeat itself.
        more: Maestro's other options, by their own names.

    Raises:
        InvalidOptionError: A number is out of range, or a value has another type.
    """

    simulator: Simulator | None = None
    simulation_method: SimulationMethod | None = None
    max_bond_dimension: int | None = None
    singular_value_threshold: float | None = None
    seed: int | None = None
    noise_realizations: int | None = None
    noise_seed: int | None = None
    more: Mapping[str, JsonValue] | None = field(default=None, hash=False)

    def __post_init__(self) -> None:
        check_fields(self)
        check_json(self, "more")
        for name in ("max_bond_dimension", "noise_realizations"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise _out_of_range(name, value)

    def document(self) -> dict[str, JsonValue]:
        """Write it as the service reads it."""
        said: dict[str, JsonValue] = {
            "simulator_type": None if self.simulator is None else int(self.simulator),
            "simulation_type": None
            if self.simulation_method is None
            else int(self.simulation_method),
            "max_bond_dimension": self.max_bond_dimension,
            "singular_value_threshold": self.singular_value_threshold,
            "seed": self.seed,
            "noise_realizations": self.noise_realizations,
            "noise_seed": self.noise_seed,
        }
        return {name: value for name, value in said.items() if value is not None} | dict(
            self.more or {}
        )

    def merged(self, other: Self) -> Self:
        """Take what the other says, and keep what it says nothing of, also within `more`."""
        found = replace(self, **_said(other))
        if self.more is None or other.more is None:
            return found
        return replace(found, more={**self.more, **other.more})


@stored("qoro.device-config")
@dataclass(frozen=True, slots=True)
class DeviceConfig:
    """How a quantum computer runs a job; `Systems.blueprints` lists what its vendor knows.

    Args:
        settings: Values by key, in either case; ``None`` says nothing.

    Raises:
        InvalidOptionError: A key names the device, which the target does.
    """

    settings: Mapping[str, JsonValue] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        check_fields(self)
        check_json(self, "settings")
        for name in self.settings:
            if name.upper() in {"IBM_DEVICE", "IQM_DEVICE_URL"}:
                raise InvalidOptionError(
                    f"{name} names a device",
                    provider="qoro",
                    remedy=Advice("Write it as ", Setting("on", "qoro:..."), "."),
                )

    def document(self) -> dict[str, JsonValue]:
        """Write it as the service reads it."""
        return {name.upper(): value for name, value in self.settings.items() if value is not None}

    def merged(self, other: Self) -> Self:
        """Take what the other says, and keep what it says nothing of."""
        said = {name.upper(): value for name, value in self.settings.items()}
        said |= {n.upper(): value for n, value in other.settings.items() if value is not None}
        return replace(self, settings=said)


Config = TypeVar("Config", ExecutionConfig, MaestroConfig, DeviceConfig)


@dataclass(frozen=True, slots=True)
class JobConfig:
    """What a job is opened with.

    Args:
        target: Name of a cluster of simulators or of a system of quantum computers.
        shots: How often each circuit is run.
        tag: A word for lists.
        use_packing: Whether the service may run several circuits at once on one device.
        execution: How simulators run it, in the older way.
        maestro: How simulators run it.
        device: How quantum computers run it.

    Raises:
        InvalidShotsError: The shots are not positive.
    """

    target: str | None = None
    shots: int | None = None
    tag: str | None = None
    use_packing: bool | None = None
    execution: ExecutionConfig | None = None
    maestro: MaestroConfig | None = None
    device: DeviceConfig | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        if self.shots is not None and self.shots <= 0:
            raise InvalidShotsError(
                f"{self.shots} shots", provider="qoro", remedy="Give a whole number from 1 up."
            )

    def merged(self, other: Self) -> Self:
        """Take what the other says, and keep what it says nothing of, at every depth."""
        found = replace(self, **_said(other))
        return replace(
            found,
            execution=_both(self.execution, other.execution),
            maestro=_both(self.maestro, other.maestro),
            device=_both(self.device, other.device),
        )


def _both(first: Config | None, second: Config | None) -> Config | None:
    return first.merged(second) if first is not None and second is not None else second or first


def _out_of_range(name: str, value: float) -> InvalidOptionError:
    return InvalidOptionError(
        f"{name} cannot be {value}", provider="qoro", remedy=f"{name} is {_RANGES[name]}."
    )


_SIMULATORS = "It says how simulators run a job: choose a cluster of them, or leave it out."


@stored("qoro.options")
@dataclass(frozen=True, slots=True)
class QoroOptions(RunOptions):
    """Options of a job on the Qoro service. Circuits with equal options share a job.

    Args:
        seed: Given to the service's simulators; quantum computers do not know it.
        observables: Pauli strings; with them the service computes expectation values only, those
            of the state before the measurements at the circuit's end, which are not sent.
        tags: Free words, stored with the job in its one tag, before the submission's key.
        tag: The whole tag instead, without the key.
        use_packing: Whether the service may run several circuits at once on one device.
        maestro: How simulators run it; refused for quantum computers.
        execution: How simulators run it, in the way of clients before 0.14; refused for quantum
            computers.
        device: How quantum computers run it; refused for simulators.

    Example:
        ```python
        from quantum_async.providers.qoro.options import MaestroConfig, SimulationMethod
        from quantum_async.providers.qoro.options import QoroOptions

        method = SimulationMethod.MATRIX_PRODUCT_STATE
        options = QoroOptions(maestro=MaestroConfig(simulation_method=method))
        ```
    """

    tag: str | None = None
    use_packing: bool | None = None
    maestro: MaestroConfig | None = None
    execution: ExecutionConfig | None = None
    device: DeviceConfig | None = None


def checked_options(given: RunOptions, target: QoroSystem | QoroCluster) -> QoroOptions:
    """Take options as Qoro's, and refuse what the target has no place for.

    Args:
        given: Options of any class.
        target: Where the job runs.

    Raises:
        InvalidOptionError: One would be dropped.
    """
    options = options_as(QoroOptions, given, "qoro")
    refused: dict[str, str] = {}
    if isinstance(target, QoroCluster):
        where = f"{target.name}, which is a simulator,"
        refused["device"] = (
            "It says how a quantum computer runs a job: choose one, or leave it out."
        )
    else:
        where = f"{target.name}, which is a quantum computer,"
        refused |= {"maestro": _SIMULATORS, "execution": _SIMULATORS}
    if not target.supports_expval:
        where = f"{target.name}, which computes no expectation values,"
        refused = {"observables": "Measure counts, or use a cluster of simulators."} | refused
    refuse_options(options, refused, where, "qoro")
    return options
