"""One server: which interface it has, its quantum computers, and what they can run."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import anyio

from quantum_async.errors import (
    ConfigurationError,
    ProtocolError,
    RejectedRequestError,
    UnknownTargetError,
)
from quantum_async.models._recent import Recent
from quantum_async.providers.iqm.dialect import Generation, not_offered
from quantum_async.providers.iqm.legacy import Legacy
from quantum_async.providers.iqm.v1 import V1

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantum_async.providers.iqm.api import Gateway
    from quantum_async.providers.iqm.architecture import Architecture
    from quantum_async.providers.iqm.wire import JobLimits, QuantumComputer

Dialect: TypeAlias = V1 | Legacy
"""One generation of the interface: both answer everything that is asked of one."""

DEFAULT = "default"
"""The name of the current calibration set."""
FRESH = 300.0
"""Seconds for which the current architecture is taken to be current."""
_KEPT = 16


class Server:
    """What is known of a server; each thing is asked for once, when it is needed.

    Args:
        gateway: Sends requests.
        generation: Which interface it has; asked if ``None``.
        preferred: The quantum computer that is meant where none is named.
        clock: Monotonic time in seconds.
    """

    def __init__(
        self,
        gateway: Gateway,
        generation: Generation | None,
        preferred: str,
        clock: Callable[[], float],
    ) -> None:
        self.gateway = gateway
        self.preferred = preferred
        self._generation = generation
        self._clock = clock
        self._dialect: Dialect | None = None
        self._computers: tuple[QuantumComputer, ...] = ()
        self._limits: dict[str, JobLimits] = {}
        self._architectures: Recent[tuple[str, str], tuple[float, Architecture]] = Recent(_KEPT)
        self._lock = anyio.Lock()
        self._limits_lock = anyio.Lock()
        self._architecture_lock = anyio.Lock()

    @property
    def known(self) -> tuple[QuantumComputer, ...]:
        """The quantum computers, as far as they were asked for."""
        return self._computers

    @property
    def known_generation(self) -> Generation | None:
        """The interface, once it is known."""
        return self._generation

    def known_limits(self) -> tuple[JobLimits, ...]:
        """The limits, as far as they were asked for."""
        return tuple(self._limits.values())

    async def dialect(self) -> Dialect:
        """Say how to talk to the server, asking it once.

        Raises:
            ConfigurationError: It is no IQM server.
            QuantumAsyncError: It could not be asked.
        """
        if self._dialect is None:
            async with self._lock:
                if self._dialect is None:
                    self._dialect = await self._found()
                    self._generation = self._dialect.generation
        return self._dialect

    async def v1(self, what: str) -> V1:
        """Say how to talk to the server about what only IQM Server has.

        Args:
            what: For the error.

        Raises:
            ConfigurationError: The server has the older interface.
        """
        dialect = await self.dialect()
        if not isinstance(dialect, V1):
            raise not_offered(what)
        return dialect

    async def computers(self) -> tuple[QuantumComputer, ...]:
        """List the quantum computers, anew."""
        first = self._dialect is None
        dialect = await self.dialect()
        if not first or not self._computers:
            self._computers = await dialect.computers()
        return self._computers

    async def computer(self, name: str = "") -> QuantumComputer:
        """Find a quantum computer.

        Args:
            name: Its alias or id; the preferred or the only one if empty.

        Raises:
            UnknownTargetError: There is none, or nothing says which one.
        """
        await self.dialect()
        known = self._computers or await self.computers()
        wanted = name or self.preferred
        if not wanted and len(known) == 1:
            return known[0]
        for computer in known:
            if wanted and wanted in {computer.alias, computer.id}:
                return computer
        names = ", ".join(computer.alias for computer in known)
        what = f"no quantum computer {wanted!r}" if wanted else "more than one quantum computer"
        raise UnknownTargetError(
            f"{self.gateway} has {what}",
            provider="iqm",
            remedy=f"Name one of: {names}.",
        )

    async def limits(self, computer: QuantumComputer) -> JobLimits:
        """Say how large a job may be; asked once."""
        async with self._limits_lock:
            found = self._limits.get(computer.id)
            if found is None:
                found = self._limits[computer.id] = await (await self.dialect()).limits(computer)
            return found

    async def architecture(
        self, computer: QuantumComputer, calibration: str | None = None
    ) -> Architecture:
        """Say what a calibration set can run; the current one is asked for again after a while.

        Args:
            computer: Of which quantum computer.
            calibration: The calibration set's id; the current one if ``None``.
        """
        name = calibration or DEFAULT
        async with self._architecture_lock:
            kept = self._architectures.get((computer.id, name))
            if kept is not None and (name != DEFAULT or self._clock() - kept[0] < FRESH):
                return kept[1]
            found = await (await self.dialect()).architecture(computer, name)
            for key in (name, found.described.calibration_set_id):
                if key is not None:
                    self._architectures[computer.id, key] = (self._clock(), found)
            return found

    async def _found(self) -> Dialect:
        newer, older = V1(self.gateway), Legacy(self.gateway)
        if self._generation is Generation.LEGACY:
            return older
        try:
            self._computers = await newer.computers()
        except (RejectedRequestError, ProtocolError) as error:
            if self._generation is Generation.V1 or not _says_no(error):
                raise
            return await self._older(older, error)
        return newer

    async def _older(self, older: Legacy, reason: Exception) -> Dialect:
        try:
            self._computers = await older.computers()
        except (RejectedRequestError, ProtocolError) as error:
            raise ConfigurationError(
                f"{self.gateway} speaks neither of IQM's interfaces: {reason}; {error}",
                provider="iqm",
                remedy="Check the address: https://resonance.iqm.tech, or the root of the server; "
                "older installations want https://host/cocos.",
            ) from error
        return older


def _says_no(error: RejectedRequestError | ProtocolError) -> bool:
    return isinstance(error, ProtocolError) or error.status in {404, 405, 410}
