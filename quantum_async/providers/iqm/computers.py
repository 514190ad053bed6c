"""Quantum computers of a server, and how they are calibrated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from quantum_async.errors import ProtocolError
from quantum_async.http.encode import json_body
from quantum_async.providers.iqm.api import decoded_object, parse, parse_value
from quantum_async.providers.iqm.server import DEFAULT
from quantum_async.providers.iqm.translate.protobuf import (
    feedback_groups_of,
    sources_in_json,
    sources_in_protobuf,
)
from quantum_async.providers.iqm.v1 import computer_path
from quantum_async.providers.iqm.wire import BookedTimeslots, ChipDesign, QueueOverview, Timeslots

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

    from quantum_async.providers.iqm.architecture import Architecture
    from quantum_async.providers.iqm.server import Server
    from quantum_async.providers.iqm.wire import (
        Health,
        JobLimits,
        ObservationSet,
        QuantumComputer,
        StaticArchitecture,
        Timeslot,
    )


_DESIGNS: TypeAdapter[tuple[ChipDesign, ...]] = TypeAdapter(tuple[ChipDesign, ...])


class QuantumComputers:
    """The quantum computers of a server: `IQMClient.computers`.

    A quantum computer is named by its alias or its id; without a name it is the client's, or the
    only one.

    Args:
        server: Where they are.
    """

    def __init__(self, server: Server) -> None:
        self._server = server

    async def list(self) -> tuple[QuantumComputer, ...]:
        """List the quantum computers."""
        return await self._server.computers()

    async def get(self, name: str = "") -> QuantumComputer:
        """Look a quantum computer up.

        Raises:
            UnknownTargetError: There is none of that name.
        """
        return await self._server.computer(name)

    async def health(self, name: str = "") -> Health:
        """Ask whether a quantum computer takes jobs."""
        computer = await self._server.computer(name)
        return await (await self._server.dialect()).health(computer)

    async def limits(self, name: str = "") -> JobLimits:
        """Ask how large a job may be; asked once."""
        return await self._server.limits(await self._server.computer(name))

    async def static_architecture(self, name: str = "") -> StaticArchitecture:
        """Ask what the chip is made of, whatever its calibration."""
        computer = await self._server.computer(name)
        return await (await self._server.dialect()).static_architecture(computer)

    async def architecture(
        self, name: str = "", *, calibration_set_id: str | None = None
    ) -> Architecture:
        """Ask what the chip can run as it is calibrated.

        Args:
            name: The quantum computer.
            calibration_set_id: Which calibration set; the current one if ``None``.
        """
        computer = await self._server.computer(name)
        return await self._server.architecture(computer, calibration_set_id)

    async def queue(
        self, name: str = "", *, start: str | None = None, end: str | None = None
    ) -> QueueOverview:
        """Ask how long the pay-as-you-go queue is and when it is served.

        Args:
            name: The quantum computer.
            start: Beginning of the time of interest, as ``2026-05-04T10:00:00Z``; now if ``None``.
            end: Its end.
        """
        gateway = (await self._server.v1("queue overview")).gateway
        path = f"{computer_path(await self._server.computer(name))}/queue-availability"
        return parse(QueueOverview, await gateway.read(path, query=_range(start, end)))

    async def timeslots(
        self, name: str = "", *, start: str | None = None, end: str | None = None
    ) -> Timeslots:
        """List the timeslots that are booked and those that can be.

        Args:
            name: The quantum computer.
            start: Beginning of the time of interest, as ``2026-05-04T10:00:00Z``; now if ``None``.
            end: Its end.
        """
        gateway = (await self._server.v1("timeslots")).gateway
        path = f"{computer_path(await self._server.computer(name))}/timeslots"
        return parse(Timeslots, await gateway.read(path, query=_range(start, end)))

    async def book_timeslots(
        self, prices: Mapping[str, str | None], name: str = ""
    ) -> tuple[Timeslot, ...]:
        """Book timeslots, all or none. Sent once; billed at once.

        Args:
            prices: For each slot's reference, the price expected as in `timeslots`; ``None``
                takes whatever it costs.
            name: The quantum computer.

        Raises:
            PermissionDeniedError: The role or the credits do not suffice.
            ConflictError: A slot is taken.
        """
        gateway = (await self._server.v1("timeslots")).gateway
        path = f"{computer_path(await self._server.computer(name))}/timeslots"
        slots = [
            {"reference": reference, **({} if price is None else {"expected_price": price})}
            for reference, price in prices.items()
        ]
        body = await json_body({"timeslots": slots})
        return (await gateway.create(BookedTimeslots, path, body=body)).timeslots

    async def artifact(self, kind: str, name: str = "") -> bytes:
        """Read anything else that the server has of a quantum computer, as it is.

        Args:
            kind: Such as ``"about"``, ``"duts"`` or ``"chip-design-records"``.
            name: The quantum computer.
        """
        v1 = await self._server.v1("artifacts")
        return (await v1.artifact(await self._server.computer(name), kind)).content

    async def chip_design(self, name: str = "") -> ChipDesign:
        """Read how the chip is laid out: its parts, and what each is connected to.

        Args:
            name: The quantum computer.

        Raises:
            NotFoundError: The server does not tell.
        """
        v1 = await self._server.v1("artifacts")
        computer = await self._server.computer(name)
        found = parse_value(_DESIGNS, await v1.artifact(computer, "chip-design-records"))
        if not found:
            raise ProtocolError(
                "the server names no chip design",
                provider="iqm",
                remedy="Ask whoever runs the quantum computer.",
            )
        return found[0]

    async def software(self, name: str = "") -> Mapping[str, JsonValue]:
        """Read the versions of a quantum computer's software."""
        v1 = await self._server.v1("artifacts")
        computer = await self._server.computer(name)
        return await decoded_object(await v1.artifact(computer, "about"))

    async def about(self) -> Mapping[str, JsonValue]:
        """Read what the server says of itself."""
        return await (await self._server.dialect()).about()


def _range(start: str | None, end: str | None) -> Mapping[str, str | None]:
    return {"timerange_start": start, "timerange_end": end}


class Calibration:
    """What quantum computers are calibrated to: `IQMClient.calibration`.

    Args:
        server: Where they are.
    """

    def __init__(self, server: Server) -> None:
        self._server = server

    async def get(self, calibration_set_id: str = DEFAULT, *, computer: str = "") -> ObservationSet:
        """Read a calibration set.

        Args:
            calibration_set_id: Which one; the current one by default.
            computer: Alias or id of the quantum computer.

        Raises:
            NotFoundError: There is none.
        """
        found = await self._server.computer(computer)
        return await (await self._server.dialect()).calibration_set(found, calibration_set_id)

    async def metrics(
        self, calibration_set_id: str = DEFAULT, *, computer: str = ""
    ) -> ObservationSet:
        """Read the quality metrics of a calibration set: fidelities, T1, T2.

        Args:
            calibration_set_id: Which one; the current one by default.
            computer: Alias or id of the quantum computer.

        Raises:
            NotFoundError: There are none.
        """
        found = await self._server.computer(computer)
        return await (await self._server.dialect()).metrics(found, calibration_set_id)

    async def feedback_groups(self, *, computer: str = "") -> tuple[frozenset[str], ...]:
        """Say which qubits can be conditioned on each other, the largest group first.

        Args:
            computer: Alias or id of the quantum computer.

        Raises:
            NotFoundError, RejectedRequestError: The server does not tell.
        """
        v1 = await self._server.v1("feedback groups")
        found = await self._server.computer(computer)
        answer = await v1.artifact(found, "channel-properties", media="application/protobuf")
        with answer.decoding("channel properties", provider="iqm"):
            if answer.media_type == "application/json":
                return feedback_groups_of(sources_in_json(await decoded_object(answer)))
            return feedback_groups_of(sources_in_protobuf(answer.content))
