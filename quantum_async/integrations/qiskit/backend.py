# mypy: allow-subclassing-any
"""A backend as Qiskit knows them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from quantum_async.integrations.qiskit.described import Described
from quantum_async.integrations.qiskit.job import QuantumAsyncJob

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qiskit import QuantumCircuit

    from quantum_async.integrations.qiskit.async_backend import AsyncBackend
    from quantum_async.integrations.qiskit.provider import QuantumAsyncProvider


class QuantumAsyncBackend(Described):
    """One device of a provider; made by `QuantumAsyncProvider.backend`.

    Qiskit's ``transpile``, ``BackendSamplerV2`` and ``BackendEstimatorV2`` take it; `SamplerV2` and
    `EstimatorV2` of this package make fewer jobs of the same work.

    Args:
        provider: Where its jobs go.
        twin: The same backend, awaited.
    """

    def __init__(self, provider: QuantumAsyncProvider, twin: AsyncBackend) -> None:
        super().__init__(provider, twin.machine)
        # Primitives run through the twin: what is set here has to be set there.
        self._options = twin.usual
        self.source = provider
        """Where its jobs go."""
        self.twin = twin
        """The same backend, awaited."""

    def run(  # pyright: ignore[reportIncompatibleMethodOverride]  # Qiskit's says None
        self,
        run_input: QuantumCircuit | Iterable[QuantumCircuit],
        *,
        shots: int | None = None,
        **options: object,
    ) -> QuantumAsyncJob:
        """Submit circuits as one job, and return once the provider has accepted all of them.

        Circuits are checked against `target` and never changed, unless ``optimization_level``
        says so. Those that the provider takes together share a job there.

        Billed: running the circuits is. Interrupted: what was accepted is cancelled; where
        the provider has a name for its ``run``, it stays, and the same script finds it again.

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
        work = partial(self.twin.run, run_input, shots=shots, **options)
        submitted = self.source.run("run", work)
        return QuantumAsyncJob(self.source, self, submitted)

    def retrieve_job(self, job_id: str) -> QuantumAsyncJob:
        """Find a job of this backend by its id, in whichever process it was submitted.

        Args:
            job_id: What ``job.job_id()`` returned, or the provider's own id.

        Raises:
            NotFoundError: The provider knows no such job.
        """
        found = self.source.run("retrieve_job", partial(self.twin.retrieve_job, job_id))
        return QuantumAsyncJob(self.source, self, found)
