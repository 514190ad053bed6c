# mypy: allow-subclassing-any
"""A backend whose ``run`` is awaited."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio.to_thread

from quantum_async.integrations.qiskit import fitting
from quantum_async.integrations.qiskit.async_job import AsyncJob
from quantum_async.integrations.qiskit.described import Described
from quantum_async.integrations.qiskit.ids import job_id_of
from quantum_async.integrations.qiskit.runs import Piece, accepted, check, places, start

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qiskit import QuantumCircuit

    from quantum_async.integrations.qiskit.async_provider import AsyncProvider
    from quantum_async.integrations.qiskit.described import RunSettings
    from quantum_async.integrations.qiskit.machines import Machine


class AsyncBackend(Described):
    """One device of a provider; made by `AsyncProvider.backend`.

    It is a `BackendV2`, so that ``transpile(circuit, backend)`` takes it.

    Args:
        provider: Where its jobs go.
        machine: What is known of the device.
    """

    def __init__(self, provider: AsyncProvider, machine: Machine) -> None:
        super().__init__(provider, machine)
        self.source = provider
        """Where its jobs go."""

    async def run(  # pyright: ignore[reportIncompatibleMethodOverride]  # Qiskit's says None
        self,
        run_input: QuantumCircuit | Iterable[QuantumCircuit],
        *,
        shots: int | None = None,
        **options: object,
    ) -> AsyncJob:
        """Submit circuits as one job, and return once the provider has accepted all of them.

        Circuits are checked against `target` and never changed, unless ``optimization_level``
        says so. Those that the provider takes together share a job there.

        Billed: running the circuits is. Cancelled: what was accepted is cancelled; where the
        provider has a name for its ``run``, it stays, and the same script finds it again.

        Args:
            run_input: One circuit or several, in the operations of `target`, parameters bound.
            shots: Shots of each circuit.
            **options: ``memory`` lists every shot, grouped by outcome where the provider tells no
                order; ``seed_simulator`` makes a simulator repeat itself; ``optimization_level``
                from 0 to 3 transpiles the circuits first; ``provider_options`` is what only the
                provider has, such as an ``IQMOptions``.

        Raises:
            OutsideTargetError: A circuit does not fit; nothing was sent.
            InvalidInputError: A circuit or an option is of no use; nothing was sent.
            SubmissionUnknownError: The answer was lost and cannot be looked up.
            QuantumAsyncError: The provider refused, or stayed out of reach.
        """
        settings = self.settings({"shots": shots, **options})
        given = fitting.as_circuits(run_input)
        name = self.source.next_name()
        pieces = await anyio.to_thread.run_sync(self._pieces, given, settings)
        scheduler = self.source.scheduler
        client, device = self.source.client, self.machine.name
        await check(client, device, pieces, settings.shots, settings.options)
        points = await anyio.to_thread.run_sync(places, pieces, name)
        run = start(
            scheduler,
            self.machine.on,
            pieces,
            settings.shots,
            settings.options,
            points=points,
            name=name,
        )
        refs = await accepted(run, scheduler.grace, is_named=name is not None)
        job_id = job_id_of(refs, counted=not self.source.service.counts_circuits)
        return AsyncJob(job_id, self.source, run, self, circuits=given, settings=settings)

    async def retrieve_job(self, job_id: str) -> AsyncJob:
        """Find a job of this backend by its id, in whichever process it was submitted.

        Args:
            job_id: What ``job_id()`` returned, or the provider's own id.

        Raises:
            NotFoundError: The provider knows no such job.
        """
        run, _ = await self.source.found(job_id, self.machine.name)
        return AsyncJob(job_id, self.source, run, self)

    def _pieces(self, circuits: list[QuantumCircuit], settings: RunSettings) -> list[Piece]:
        return [Piece(self.program(circuit)) for circuit in self.fitted(circuits, settings)]
