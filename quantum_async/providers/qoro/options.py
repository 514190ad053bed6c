"""Options that only jobs on the Qoro service have."""

from __future__ import annotations

from dataclasses import dataclass

from quantum_async.models.submission import RunOptions
from quantum_async.providers.qoro.configs import (  # noqa: TC001  part of the class's signature
    DeviceConfig,
    ExecutionConfig,
    MaestroConfig,
)


@dataclass(frozen=True, slots=True)
class QoroOptions(RunOptions):
    """Options of a job on the Qoro service. Circuits with equal options share a job.

    Args:
        seed: Given to the service's simulators; quantum computers ignore it.
        observables: Pauli strings; with them the service computes expectation values only, those
            of the state before the measurements at the circuit's end, which are not sent.
        tags: Free words, stored with the job in its one tag.
        use_packing: Whether the service may run several circuits at once on one device.
        maestro: How simulators run it.
        execution: How simulators run it, in the way of clients before 0.14.
        device: How quantum computers run it.

    Example:
        ```python
        from quantum_async.providers.qoro.configs import MaestroConfig, SimulationMethod
        from quantum_async.providers.qoro.options import QoroOptions

        method = SimulationMethod.MATRIX_PRODUCT_STATE
        options = QoroOptions(maestro=MaestroConfig(simulation_method=method))
        ```
    """

    use_packing: bool | None = None
    maestro: MaestroConfig | None = None
    execution: ExecutionConfig | None = None
    device: DeviceConfig | None = None


def qoro_options(options: RunOptions) -> QoroOptions:
    """Return options as ours, those of no provider in particular filled up."""
    if isinstance(options, QoroOptions):
        return options
    return QoroOptions(options.seed, options.observables, options.tags)
