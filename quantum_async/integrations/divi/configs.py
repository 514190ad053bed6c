"""Divi's configurations, of either generation, as options of our jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from quantum_async.providers.qoro.options import DeviceConfig, MaestroConfig, QoroOptions
from quantum_async.providers.qoro.payloads import execution_config

if TYPE_CHECKING:
    from quantum_async.providers.qoro.options import ExecutionConfig

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
