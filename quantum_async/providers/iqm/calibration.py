"""Calibration sets, their quality metrics, and feedback groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.providers.iqm.answers import decoded_object
from quantum_async.providers.iqm.server import DEFAULT
from quantum_async.providers.iqm.translate.feedback import (
    feedback_groups_of,
    sources_in_json,
    sources_in_protobuf,
)

if TYPE_CHECKING:
    from quantum_async.providers.iqm.server import Server
    from quantum_async.providers.iqm.wire import ObservationSet


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
