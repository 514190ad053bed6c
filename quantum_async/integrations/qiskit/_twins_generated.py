"""Blocking twins of the async classes: twins."""

# Written by `python .ci/facade` from the async classes.
# Do not change it here: change those, and run the generator.
# mypy: disable-error-code="no-any-return"
# mypy: allow-subclassing-any
# pyright: reportIncompatibleMethodOverride=false, reportPrivateUsage=false

from __future__ import annotations

from typing import TYPE_CHECKING

from qiskit.primitives import BaseEstimatorV2, BaseSamplerV2
from quantum_async.integrations.qiskit.jobs import PubResultT
from quantum_async.integrations.qiskit.primitives import AsyncEstimator, AsyncSampler
from quantum_async.integrations.qiskit.twins import (
    BackendTwin,
    JobTwin,
    PrimitiveJobTwin,
    ProviderTwin,
    Twin,
)
from quantum_async.integrations.qiskit.twins import unwrap

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from qiskit import QuantumCircuit
    from qiskit.primitives import EstimatorPubLike
    from qiskit.primitives import PrimitiveResult
    from qiskit.primitives import PubResult
    from qiskit.primitives import SamplerPubLike
    from qiskit.primitives import SamplerPubResult
    from qiskit.providers import JobStatus as QiskitStatus
    from qiskit.result import Result as QiskitResult
    from quantum_async.integrations.qiskit.jobs import PubOutcome
    from quantum_async.models.job import JobRef


class QuantumAsyncBackend(BackendTwin):
    """One device of a provider; made by `QuantumAsyncProvider.backend`.

    Qiskit's ``transpile``, ``BackendSamplerV2`` and ``BackendEstimatorV2`` take it; `SamplerV2` and
    `EstimatorV2` of this package make fewer jobs of the same work.

    Args:
        provider: Where its jobs go.
        twin: The same backend, awaited.
    """

    def run(
        self,
        run_input: QuantumCircuit | Iterable[QuantumCircuit],
        *,
        shots: int | None = None,
        **options: object,
    ) -> QuantumAsyncJob:
        """Submit circuits as one job, and return once the provider has accepted all of them.

        Circuits are checked against `target` and never changed, unless ``optimization_level``
        says so. Those that the provider takes together share a job there.

        Billed: running the circuits is. Interrupted: what was accepted is cancelled.

        Args:
            run_input: One circuit or several, in the operations of `target`, parameters bound.
            shots: Shots of each circuit.
            **options: ``memory`` lists every shot, grouped by outcome where the provider tells no
                order; ``seed_simulator`` makes a simulator repeat itself; ``optimization_level``
                from 0 to 3 transpiles the circuits first; ``noise_model``, on the simulators of
                this package, is Aer's; ``provider_options`` is what only the provider has, such as
                an ``IQMOptions``.

        Raises:
            OutsideTargetError: A circuit does not fit; nothing was sent.
            InvalidInputError: A circuit or an option is of no use; nothing was sent.
            SubmissionUnknownError: The answer was lost and cannot be looked up.
            QuantumAsyncError: The provider refused, or stayed out of reach.

        Blocking twin of `quantum_async.integrations.qiskit.AsyncBackend.run`.
        """
        return self._provider._wrap(
            self._provider.run(
                "QuantumAsyncBackend.run", lambda: self._twin.run(run_input, shots=shots, **options)
            )
        )

    def retrieve_job(self, job_id: str) -> QuantumAsyncJob:
        """Find a job of this backend by its id, in whichever process it was submitted.

        Args:
            job_id: What ``job_id()`` returned, or the provider's own id.

        Raises:
            NotFoundError: The provider knows no such job.

        Blocking twin of `quantum_async.integrations.qiskit.AsyncBackend.retrieve_job`.
        """
        return self._provider._wrap(
            self._provider.run(
                "QuantumAsyncBackend.retrieve_job", lambda: self._twin.retrieve_job(job_id)
            )
        )


class QuantumAsyncJob(JobTwin):
    """Circuits that were submitted together; made by ``run`` and ``retrieve_job``.

    Args:
        provider: Who answers for it.
        twin: The same job, awaited.
    """

    def refs(self) -> list[JobRef]:
        """Name the provider's job of each circuit.

        Blocking twin of `quantum_async.integrations.qiskit.AsyncJob.refs`.
        """
        return self._provider.run("QuantumAsyncJob.refs", lambda: self._twin.refs())

    def result(self, timeout: float | None = None, *, partial: bool = False) -> QiskitResult:
        """Wait for all circuits.

        Interrupted or timed out: only the waiting ends; the job goes on.

        Args:
            timeout: Longest time to wait in seconds; no limit by default.
            partial: Whether to return what there is although circuits failed: the result then
                says ``success=False``, and so does each of these circuits.

        Raises:
            JobTimeoutError: The time is up.
            JobCancelledError: The job was cancelled.
            JobFailedError: A circuit failed.

        Blocking twin of `quantum_async.integrations.qiskit.AsyncJob.result`.
        """
        return self._provider.run(
            "QuantumAsyncJob.result", lambda: self._twin.result(timeout, partial=partial)
        )

    def status(self) -> QiskitStatus:
        """Ask the provider where the job stands; as one, whatever jobs it consists of there.

        Raises:
            QuantumAsyncError: The provider could not be asked.
            SchedulerClosedError: The provider was closed, and the job goes on by itself.

        Blocking twin of `quantum_async.integrations.qiskit.AsyncJob.status`.
        """
        return self._provider.run("QuantumAsyncJob.status", lambda: self._twin.status())

    def cancel(self) -> bool:
        """Cancel at the provider what has not ended; what ran already is billed.

        Returns:
            Whether something had not ended yet.

        Raises:
            QuantumAsyncError: The provider could not be asked, or refused.

        Blocking twin of `quantum_async.integrations.qiskit.AsyncJob.cancel`.
        """
        return self._provider.run("QuantumAsyncJob.cancel", lambda: self._twin.cancel())


class PrimitiveJob(PrimitiveJobTwin[PubResultT]):
    """PUBs that were submitted together; made by `SamplerV2.run` and `EstimatorV2.run`.

    Iterating over it yields each PUB's outcome as soon as all of its points have ended.

    Args:
        provider: Who answers for it.
        twin: The same job, awaited.
    """

    def __len__(self) -> int:
        return self._twin.__len__()

    def refs(self) -> list[JobRef]:
        """Wait until the provider has accepted everything, and name its jobs, each once.

        Blocking twin of `quantum_async.integrations.qiskit.AsyncPrimitiveJob.refs`.
        """
        return self._provider.run("PrimitiveJob.refs", lambda: self._twin.refs())

    def result(self, timeout: float | None = None) -> PrimitiveResult[PubResultT]:
        """Wait for all PUBs.

        Interrupted or timed out: only the waiting ends; the job goes on.

        Args:
            timeout: Longest time to wait in seconds; no limit by default.

        Raises:
            JobTimeoutError: The time is up.
            JobCancelledError: The job was cancelled.
            JobFailedError: A circuit failed; iterating over the job gives the PUBs that did not.

        Blocking twin of `quantum_async.integrations.qiskit.AsyncPrimitiveJob.result`.
        """
        return self._provider.run("PrimitiveJob.result", lambda: self._twin.result(timeout))

    def __iter__(self) -> Iterator[PubOutcome[PubResultT]]:
        """Yield how each PUB ended, in the order in which they do.

        PUBs that differ in shots or observables are looked at one group after the other.

        Blocking twin of `quantum_async.integrations.qiskit.AsyncPrimitiveJob.__aiter__`.
        """
        return self._provider.iterate(lambda: self._twin)

    def status(self) -> QiskitStatus:
        """Ask the provider where the job stands; as one, whatever jobs it consists of there.

        Raises:
            QuantumAsyncError: The provider could not be asked.
            SchedulerClosedError: The provider was closed, and the job goes on by itself.

        Blocking twin of `quantum_async.integrations.qiskit.AsyncPrimitiveJob.status`.
        """
        return self._provider.run("PrimitiveJob.status", lambda: self._twin.status())

    def cancel(self) -> bool:
        """Cancel at the provider what has not ended; what ran already is billed.

        Returns:
            Whether something had not ended yet.

        Raises:
            QuantumAsyncError: The provider could not be asked, or refused.

        Blocking twin of `quantum_async.integrations.qiskit.AsyncPrimitiveJob.cancel`.
        """
        return self._provider.run("PrimitiveJob.cancel", lambda: self._twin.cancel())


class SamplerV2(Twin[AsyncSampler], BaseSamplerV2):
    """Sample circuits on a backend: Qiskit's `BaseSamplerV2`.

    All points of PUBs of equal shots are one sweep, so that they become the fewest jobs that the
    provider's limits allow; where the provider binds parameters, they are sent as a template.

    Args:
        backend: Where.
        default_shots: Shots of a PUB where neither it nor the call says; the backend's own
            ``options.shots`` if ``None``.
        **options: Run options of the backend, such as ``seed_simulator``,
            ``optimization_level``, ``provider_options`` or, on a simulator, ``noise_model``.

    Blocking twin of `quantum_async.integrations.qiskit.AsyncSampler`.

    Example:
        ```python
        import numpy as np
        from qiskit import QuantumCircuit
        from qiskit.circuit import Parameter
        from quantum_async.integrations.qiskit import QuantumAsyncProvider, SamplerV2

        circuit = QuantumCircuit(1)
        circuit.rx(Parameter("angle"), 0)
        circuit.measure_all()
        with QuantumAsyncProvider("local") as provider:
            sampler = SamplerV2(provider.backend("statevector"), seed_simulator=1)
            job = sampler.run([(circuit, np.linspace(0, np.pi, 5))], shots=200)
            (result,) = job.result()
        assert result.data.meas.shape == (5,)
        assert result.data.meas[4].get_counts() == {"1": 200}
        ```
    """

    def __init__(
        self, backend: QuantumAsyncBackend, *, default_shots: int | None = None, **options: object
    ) -> None:
        backend_ = unwrap(backend)
        super().__init__(
            backend.source, AsyncSampler(backend_, default_shots=default_shots, **options)
        )

    @property
    def default_shots(self) -> int:
        """Shots of a PUB where neither it nor the call says.

        Blocking twin of `quantum_async.integrations.qiskit.AsyncSampler.default_shots`.
        """
        return self._twin.default_shots

    def run(
        self, pubs: Iterable[SamplerPubLike], *, shots: int | None = None
    ) -> PrimitiveJob[SamplerPubResult]:
        """Start sampling; returns once all PUBs are known to be fit.

        Billed: running the circuits is.

        Args:
            pubs: Circuits, or tuples of a circuit, parameter values and shots.
            shots: Shots of PUBs that do not say.

        Raises:
            OutsideTargetError: A circuit does not fit the backend; nothing was sent.
            InvalidInputError: A circuit or an option is of no use; nothing was sent.

        Blocking twin of `quantum_async.integrations.qiskit.AsyncSampler.run`.
        """
        return self._provider._wrap(
            self._provider.run("SamplerV2.run", lambda: self._twin.run(pubs, shots=shots))
        )

    @property
    def backend(self) -> QuantumAsyncBackend:
        """Where.

        Blocking twin of `quantum_async.integrations.qiskit.AsyncSampler.backend`.
        """
        return self._provider._wrap(self._twin.backend)

    @property
    def options(self) -> dict[str, object]:
        """Run options of the backend.

        Blocking twin of `quantum_async.integrations.qiskit.AsyncSampler.options`.
        """
        return self._twin.options


class EstimatorV2(Twin[AsyncEstimator], BaseEstimatorV2):
    """Estimate expectation values on a backend: Qiskit's `BaseEstimatorV2`.

    Where the provider computes expectation values, it is asked for them; they are then exact, or
    as good as it makes them. Elsewhere Pauli strings that commute qubit by qubit are measured
    together, in the backend's own gates, with as many shots as the precision asks for; the
    standard errors are those of the means, correlations within a group included. Observables are
    those of the state before measurements at the circuit's end.

    Args:
        backend: Where.
        default_precision: Standard error to aim at for ±1-valued observables, where neither the
            PUB nor the call says.
        measured: Whether to measure even where the provider computes.
        **options: Run options of the backend, such as ``seed_simulator``,
            ``optimization_level``, ``provider_options`` or, on a simulator, ``noise_model``.

    Blocking twin of `quantum_async.integrations.qiskit.AsyncEstimator`.

    Example:
        ```python
        from qiskit import QuantumCircuit
        from quantum_async.integrations.qiskit import EstimatorV2, QuantumAsyncProvider

        bell = QuantumCircuit(2)
        bell.h(0)
        bell.cx(0, 1)
        with QuantumAsyncProvider("local") as provider:
            estimator = EstimatorV2(provider.backend("statevector"))
            (result,) = estimator.run([(bell, ["ZZ", "XX", "ZI"])]).result()
        assert [round(value, 9) for value in result.data.evs] == [1, 1, 0]
        ```
    """

    def __init__(
        self,
        backend: QuantumAsyncBackend,
        *,
        default_precision: float = 0.015625,
        measured: bool = False,
        **options: object,
    ) -> None:
        backend_ = unwrap(backend)
        super().__init__(
            backend.source,
            AsyncEstimator(
                backend_, default_precision=default_precision, measured=measured, **options
            ),
        )

    def run(
        self, pubs: Iterable[EstimatorPubLike], *, precision: float | None = None
    ) -> PrimitiveJob[PubResult]:
        """Start estimating; returns once all PUBs are known to be fit.

        Billed: running the circuits is.

        Args:
            pubs: Tuples of a circuit, observables, parameter values and precision.
            precision: Precision of PUBs that do not say; ``1 / precision ** 2`` shots are taken.

        Raises:
            OutsideTargetError: A circuit does not fit the backend; nothing was sent.
            InvalidInputError: A circuit or an option is of no use; nothing was sent.

        Blocking twin of `quantum_async.integrations.qiskit.AsyncEstimator.run`.
        """
        return self._provider._wrap(
            self._provider.run("EstimatorV2.run", lambda: self._twin.run(pubs, precision=precision))
        )

    @property
    def backend(self) -> QuantumAsyncBackend:
        """Where.

        Blocking twin of `quantum_async.integrations.qiskit.AsyncEstimator.backend`.
        """
        return self._provider._wrap(self._twin.backend)

    @property
    def default_precision(self) -> float:
        """Precision of a PUB where neither it nor the call says.

        Blocking twin of `quantum_async.integrations.qiskit.AsyncEstimator.default_precision`.
        """
        return self._twin.default_precision

    @property
    def measured(self) -> bool:
        """Whether to measure even where the provider computes.

        Blocking twin of `quantum_async.integrations.qiskit.AsyncEstimator.measured`.
        """
        return self._twin.measured

    @property
    def options(self) -> dict[str, object]:
        """Run options of the backend.

        Blocking twin of `quantum_async.integrations.qiskit.AsyncEstimator.options`.
        """
        return self._twin.options


class QuantumAsyncProvider(ProviderTwin):
    """Qiskit's view of one provider: existing scripts change the line that makes theirs.

    Constructing it sends nothing. In a ``with`` block it owns its jobs: leaving the block
    normally waits for them, leaving it by an error cancels them at the provider. Without one, the
    first use opens it, and `close` or the end of the program lets jobs go on, to be found again
    by `retrieve_job`; what was not sent by then is not sent. The client is closed if it was
    opened here. With a scheduler, whoever entered that one owns client and jobs.

    It may be used from many threads, and in notebooks.

    Args:
        via: The name of a provider, such as ``"local"`` or ``"iqm"``, whose client is then made
            from environment variables; a blocking client, or an async one that nobody has
            opened; or a blocking scheduler that is entered.
        name: Which provider is meant, where a scheduler has several clients.
        journal: Where jobs are written down before they are sent; see `Scheduler`.
        limits: How much is done at once.
        budget: The most that may be spent.
        run: What this script's submissions are called. With a journal, the same script continues
            under the same name: what it submits first, second and so on is found again, and only
            what is missing is sent.

    Raises:
        ConfigurationError: The client belongs to another event loop, or none is meant.
        UnknownTargetError: There is no such provider.

    Example:
        ```python
        from qiskit import QuantumCircuit, transpile
        from quantum_async.integrations.qiskit import QuantumAsyncProvider

        bell = QuantumCircuit(2)
        bell.h(0)
        bell.cx(0, 1)
        bell.measure_all()

        with QuantumAsyncProvider("local") as provider:
            backend = provider.get_backend("statevector")
            job = backend.run(transpile(bell, backend), shots=100)
            counts = job.result().get_counts()
        assert set(counts) <= {"00", "11"}
        ```
    """

    def backend(self, name: str = "") -> QuantumAsyncBackend:
        """Ask the provider for a backend.

        Args:
            name: The device, such as ``"garnet"``; the client's own or usual one by default.

        Raises:
            UnknownTargetError: There is none of that name that runs circuits.
            UnsupportedProgramError: The provider does not say which gates it takes.

        Blocking twin of `quantum_async.integrations.qiskit.AsyncProvider.backend`.
        """
        return self._wrap(
            self.run("QuantumAsyncProvider.backend", lambda: self._async.backend(name))
        )

    def get_backend(self, name: str = "") -> QuantumAsyncBackend:
        """Ask for a backend, by the name that older scripts use; see `backend`.

        Blocking twin of `quantum_async.integrations.qiskit.AsyncProvider.get_backend`.
        """
        return self._wrap(
            self.run("QuantumAsyncProvider.get_backend", lambda: self._async.get_backend(name))
        )

    def backends(self, name: str = "") -> list[QuantumAsyncBackend]:
        """Ask for all devices that run circuits and say which gates they take.

        Args:
            name: Only the device of this name; none is found where there is none.

        Blocking twin of `quantum_async.integrations.qiskit.AsyncProvider.backends`.
        """
        return self._wrap(
            self.run("QuantumAsyncProvider.backends", lambda: self._async.backends(name))
        )

    def retrieve_job(self, job_id: str) -> QuantumAsyncJob:
        """Find a job by its id, in whichever process it was submitted.

        Its circuits are not known, so that they are called by their numbers.

        Args:
            job_id: What ``job_id()`` returned, or the provider's own id.

        Raises:
            NotFoundError: The provider knows no such job.
            InvalidInputError: This is no id.

        Blocking twin of `quantum_async.integrations.qiskit.AsyncProvider.retrieve_job`.
        """
        return self._wrap(
            self.run("QuantumAsyncProvider.retrieve_job", lambda: self._async.retrieve_job(job_id))
        )
