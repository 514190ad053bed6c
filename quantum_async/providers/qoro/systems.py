"""Systems and clusters: where jobs can run. Fetched on first use, once per client."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import anyio
from pydantic import TypeAdapter

from quantum_async.errors import InvalidOptionError, NotFoundError, UnknownTargetError
from quantum_async.models.device import Device, DeviceKind, DeviceStatus
from quantum_async.providers.api import all_of, read_value
from quantum_async.providers.qoro.translate.circuits import TAKEN
from quantum_async.providers.qoro.wire import Blueprint, QoroCluster, QoroSystem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quantum_async.providers.qoro.api import Gateway
    from quantum_async.providers.qoro.options import DeviceConfig
    from quantum_async.providers.qoro.wire import BlueprintField

Listed = TypeVar("Listed")

DEFAULT_CLUSTER = "qoro_maestro"
"""The cluster that runs what names no target."""

_SYSTEMS = TypeAdapter(tuple[QoroSystem, ...])
_CLUSTERS = TypeAdapter(tuple[QoroCluster, ...])
_BLUEPRINTS = TypeAdapter(dict[str, Blueprint])


class Systems:
    """Where jobs can run, as this account sees it.

    Args:
        gateway: Sends requests.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._lock = anyio.Lock()
        self._known: tuple[tuple[QoroSystem, ...], tuple[QoroCluster, ...]] | None = None
        self._blueprints: Mapping[str, Blueprint] | None = None

    async def qpus(self, *, refresh: bool = False) -> tuple[QoroSystem, ...]:
        """List the systems of quantum computers.

        Args:
            refresh: Ask again, instead of what was heard before.
        """
        return (await self._both(refresh=refresh))[0]

    async def clusters(self, *, refresh: bool = False) -> tuple[QoroCluster, ...]:
        """List the clusters of simulators.

        Args:
            refresh: Ask again, instead of what was heard before.
        """
        return (await self._both(refresh=refresh))[1]

    async def blueprints(self, *, refresh: bool = False) -> Mapping[str, Blueprint]:
        """List what can be set for each vendor's quantum computers.

        Args:
            refresh: Ask again, instead of what was heard before.
        """
        async with self._lock:
            if self._blueprints is None or refresh:
                path = "/vendor-config-blueprint/"
                self._blueprints = await self._read(_BLUEPRINTS, path, "list the blueprints")
            return self._blueprints

    async def check(self, config: DeviceConfig) -> None:
        """Refuse settings of quantum computers that no vendor has. The blueprints are asked for.

        Args:
            config: The settings.

        Raises:
            InvalidOptionError: No vendor has a setting, or none takes its value.
        """
        said = {name: value for name, value in config.document().items() if value is not None}
        if not said:
            return
        try:
            blueprints = await self.blueprints()
        except NotFoundError:
            return  # a service of before 0.14, which lists none
        fields = [field for blueprint in blueprints.values() for field in blueprint.device]
        for name, value in said.items():
            named = [field for field in fields if field.name.upper() == name]
            if not any(field.takes(value) for field in named):
                raise _untakeable(name, value, named or fields)

    async def find(self, name: str) -> QoroSystem | QoroCluster:
        """Find a target by its name. The default cluster is known without asking.

        Raises:
            UnknownTargetError: There is none; the error lists what there is.
        """
        if self._known is None and name == DEFAULT_CLUSTER:
            return QoroCluster(name=name)
        systems, clusters = await self._both()
        found: dict[str, QoroSystem | QoroCluster] = {system.name: system for system in systems}
        found |= {cluster.name: cluster for cluster in clusters}
        if name not in found and name != DEFAULT_CLUSTER:
            raise UnknownTargetError(
                f"the Qoro service has no target {name!r}",
                provider="qoro",
                remedy=f"There are: {', '.join(sorted(found)) or 'none'}.",
            )
        return found.get(name) or QoroCluster(name=name)

    async def devices(self) -> list[Device]:
        """List all targets, asking again."""
        systems, clusters = await self._both(refresh=True)
        simulators = [cluster.name for cluster in clusters]
        named = [device_of(system) for system in systems if system.name not in simulators]
        return [*named, *map(device_of, clusters)]

    async def _both(
        self, *, refresh: bool = False
    ) -> tuple[tuple[QoroSystem, ...], tuple[QoroCluster, ...]]:
        async with self._lock:
            if self._known is None or refresh:
                self._known = await self._fetch()
            return self._known

    async def _fetch(self) -> tuple[tuple[QoroSystem, ...], tuple[QoroCluster, ...]]:
        systems: tuple[QoroSystem, ...] = ()
        clusters: tuple[QoroCluster, ...] = ()

        async def ask_systems() -> None:
            nonlocal systems
            systems = await self._read(_SYSTEMS, "/qpusystem/", "list the systems")

        async def ask_clusters() -> None:
            nonlocal clusters
            clusters = await self._read(_CLUSTERS, "/simulatorcluster/", "list the clusters")

        await all_of([ask_systems, ask_clusters], at_once=2)
        return systems, clusters

    async def _read(self, kind: TypeAdapter[Listed], path: str, wanted: str) -> Listed:
        return read_value(kind, await self._gateway.read(path, wanted), provider="qoro")


def _untakeable(name: str, value: object, fields: Sequence[BlueprintField]) -> InvalidOptionError:
    if not any(field.name.upper() == name for field in fields):
        known = sorted({field.name.lower() for field in fields})
        return InvalidOptionError(
            f"no quantum computer of the Qoro service has a setting {name.lower()!r}",
            provider="qoro",
            remedy=f"There are: {', '.join(known) or 'none'}.",
        )
    wanted = " or ".join(sorted({field.wanted for field in fields}))
    return InvalidOptionError(
        f"the setting {name.lower()} cannot be {value!r}",
        provider="qoro",
        remedy=f"It is {wanted}.",
    )


def device_of(target: QoroSystem | QoroCluster) -> Device:
    """Describe a target as every provider's devices are described."""
    if isinstance(target, QoroCluster):
        return Device(
            "qoro",
            target.name,
            DeviceKind.GATE,
            is_simulator=True,
            status=DeviceStatus.AVAILABLE,
            operations=TAKEN,
            description=f"{target.access_level}, from tier {target.minimum_tier}",
        )
    sizes = [qpu.q_bits for qpu in target.qpus if qpu.q_bits is not None]
    kinds = ", ".join(sorted({qpu.system_kind for qpu in target.qpus if qpu.system_kind}))
    return Device(
        "qoro",
        target.name,
        DeviceKind.GATE,
        num_qubits=max(sizes, default=None),
        status=_status(target),
        operations=TAKEN,
        description=kinds,
        specification=target.model_dump_json(),
    )


def _status(system: QoroSystem) -> DeviceStatus:
    online = [qpu.status.upper() == "ONLINE" for qpu in system.qpus]
    if not online:
        return DeviceStatus.UNKNOWN
    if all(online):
        return DeviceStatus.AVAILABLE
    return DeviceStatus.DEGRADED if any(online) else DeviceStatus.UNAVAILABLE
