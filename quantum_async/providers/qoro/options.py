"""Options that only jobs on the Qoro service have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantum_async.models.options import options_as, refuse_options
from quantum_async.models.stored import stored
from quantum_async.models.submission import RunOptions
from quantum_async.providers.qoro.configs import (  # noqa: TC001  part of the class's signature
    DeviceConfig,
    ExecutionConfig,
    MaestroConfig,
)
from quantum_async.providers.qoro.wire import QoroCluster

if TYPE_CHECKING:
    from quantum_async.providers.qoro.wire import QoroSystem

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
        from quantum_async.providers.qoro.configs import MaestroConfig, SimulationMethod
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
