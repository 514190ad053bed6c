"""Pulse jobs: what IQM's compiler makes of circuits, sent and read without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio.to_thread

from quantum_async.errors import InvalidOptionError, ProgramError
from quantum_async.http.encode import Body
from quantum_async.providers.iqm.options import LONGEST_TAG
from quantum_async.providers.iqm.translate.protobuf import sweep_results

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantum_async.providers.iqm.server import Server
    from quantum_async.providers.iqm.translate.protobuf import SweepArray

MEDIA = "application/protobuf"


class Pulses:
    """Pulse jobs: `IQMClient.pulses`. Waiting, cancelling and deleting are those of `jobs`.

    Pulses are compiled by IQM's own packages (``iqm-client`` with ``iqm-pulse``), which this one
    neither needs nor replaces: what they serialise is sent as it is.

    Args:
        server: Where they run.
    """

    def __init__(self, server: Server) -> None:
        self._server = server

    async def settings(self, *, computer: str = "") -> bytes:
        """Read a quantum computer's settings, which IQM's compiler needs, as a protocol buffer.

        Args:
            computer: Alias or id of the quantum computer.

        Raises:
            NotFoundError: The server does not give them.
        """
        v1 = await self._server.v1("pulse jobs")
        found = await self._server.computer(computer)
        return (await v1.artifact(found, "settings", media=MEDIA)).content

    async def submit(
        self,
        run_definition: bytes,
        *,
        computer: str = "",
        use_timeslot: bool = False,
        tag: str = "",
    ) -> str:
        """Submit a pulse job and return its id. Sent once; billed.

        Args:
            run_definition: A serialised ``RunDefinition``, as IQM's ``serialize_run_definition``
                makes it.
            computer: Alias or id of the quantum computer.
            use_timeslot: Whether the job runs in a timeslot that is booked, not in the queue.
            tag: What the job is found by outside, at most 50 characters.

        Raises:
            ProgramError, InvalidOptionError: There is nothing to run, or the tag is too long.
            LostAnswerError, ServerError, ProtocolError: The server may have accepted.
        """
        if not run_definition:
            raise ProgramError(
                "an empty run definition runs nothing",
                provider="iqm",
                remedy="Pass what IQM's serialize_run_definition returns.",
            )
        if len(tag) > LONGEST_TAG:
            raise InvalidOptionError(
                f"the tag is longer than {LONGEST_TAG} characters",
                provider="iqm",
                remedy="Shorten it.",
            )
        v1 = await self._server.v1("pulse jobs")
        found = await self._server.computer(computer)
        return await v1.create_job(
            "run",
            found,
            Body(run_definition, MEDIA),
            use_timeslot=use_timeslot,
            tag=tag,
            trace=v1.gateway.traced(f"a pulse job for {found.alias} with the tag {tag!r}"),
        )

    async def payload(self, job_id: str) -> bytes:
        """Read the run definition of a pulse job, exactly as it was submitted."""
        v1 = await self._server.v1("pulse jobs")
        return (await v1.raw_payload(job_id)).content

    async def results(self, job_id: str) -> Mapping[str, tuple[SweepArray, ...]]:
        """Read what a pulse job measured: for each parameter, an array for each spot.

        Raises:
            ResultPendingError: It is not there yet.
            ProtocolError: It is damaged.
        """
        v1 = await self._server.v1("pulse jobs")
        answer = await v1.job_artifact(job_id, "sweep_results", media=MEDIA)
        with answer.decoding("sweep results", provider="iqm", job_id=job_id):
            return await anyio.to_thread.run_sync(sweep_results, answer.content)
