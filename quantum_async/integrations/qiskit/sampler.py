# mypy: allow-subclassing-any
"""The sampler as Qiskit knows them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qiskit.primitives import BaseSamplerV2, SamplerPubResult

from quantum_async.integrations.qiskit.async_sampler import AsyncSampler
from quantum_async.integrations.qiskit.backend import QuantumAsyncBackend
from quantum_async.integrations.qiskit.fitting import check_backend
from quantum_async.integrations.qiskit.primitive_job import PrimitiveJob

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qiskit.primitives import SamplerPubLike


class SamplerV2(BaseSamplerV2):
    """Sample circuits on a backend.

    All points of PUBs of equal shots are one sweep, so that they become the fewest jobs that the
    provider's limits allow; where the provider binds parameters, they are sent as a template.

    Args:
        backend: Where.
        default_shots: Shots of a PUB where neither it nor the call says; the backend's own
            ``options.shots`` if ``None``.
        **options: Run options of the backend, such as ``seed_simulator``,
            ``optimization_level`` or ``provider_options``.

    Example:
        ```python
        from qiskit import QuantumCircuit
        from quantum_async.integrations.qiskit import QuantumAsyncProvider, SamplerV2

        flipped = QuantumCircuit(2)
        flipped.x(0)
        flipped.measure_all()

        with QuantumAsyncProvider("local") as provider:
            (result,) = SamplerV2(provider.backend()).run([flipped], shots=50).result()
        assert result.data.meas.get_counts() == {"01": 50}
        ```
    """

    def __init__(
        self,
        backend: QuantumAsyncBackend,
        *,
        default_shots: int | None = None,
        **options: object,
    ) -> None:
        check_backend(backend, QuantumAsyncBackend, "QuantumAsyncProvider")
        self._backend = backend
        self._twin = AsyncSampler(backend.twin, default_shots=default_shots, **options)

    @property
    def backend(self) -> QuantumAsyncBackend:
        """Where."""
        return self._backend

    @property
    def default_shots(self) -> int:
        """Shots of a PUB where neither it nor the call says."""
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
        """
        source = self._backend.source
        return PrimitiveJob(source, source.run("run", partial(self._twin.run, pubs, shots=shots)))
