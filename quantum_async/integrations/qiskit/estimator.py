# mypy: allow-subclassing-any
"""The estimator as Qiskit knows them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qiskit.primitives import BaseEstimatorV2, PubResult

from quantum_async.integrations.qiskit.async_estimator import DEFAULT_PRECISION, AsyncEstimator
from quantum_async.integrations.qiskit.backend import QuantumAsyncBackend
from quantum_async.integrations.qiskit.fitting import check_backend
from quantum_async.integrations.qiskit.primitive_job import PrimitiveJob

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qiskit.primitives import EstimatorPubLike


class EstimatorV2(BaseEstimatorV2):
    """Estimate expectation values on a backend; `AsyncEstimator` says how.

    Args:
        backend: Where.
        default_precision: Standard error to aim at for ±1-valued observables, where neither the
            PUB nor the call says.
        measured: Whether to measure even where the provider computes.
        **options: Run options of the backend, such as ``seed_simulator``,
            ``optimization_level`` or ``provider_options``.

    Example:
        ```python
        from qiskit import QuantumCircuit
        from quantum_async.integrations.qiskit import EstimatorV2, QuantumAsyncProvider

        flipped = QuantumCircuit(2)
        flipped.x(0)

        with QuantumAsyncProvider("local") as provider:
            estimator = EstimatorV2(provider.backend())
            (result,) = estimator.run([(flipped, ["IZ", "ZI"])]).result()
        assert result.data.evs.tolist() == [-1.0, 1.0]
        ```
    """

    def __init__(
        self,
        backend: QuantumAsyncBackend,
        *,
        default_precision: float = DEFAULT_PRECISION,
        measured: bool = False,
        **options: object,
    ) -> None:
        check_backend(backend, QuantumAsyncBackend, "QuantumAsyncProvider")
        self._backend = backend
        self._twin = AsyncEstimator(
            backend.twin, default_precision=default_precision, measured=measured, **options
        )

    @property
    def backend(self) -> QuantumAsyncBackend:
        """Where."""
        return self._backend

    @property
    def default_precision(self) -> float:
        """Precision of a PUB where neither it nor the call says."""
        return self._twin.default_precision

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
        """
        source = self._backend.source
        work = partial(self._twin.run, pubs, precision=precision)
        return PrimitiveJob(source, source.run("run", work))
