# mypy: allow-subclassing-any
"""The sampler, awaited and as Qiskit knows it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread
import numpy as np
from qiskit.primitives import BaseSamplerV2, BitArray, DataBin, SamplerPubResult
from qiskit.primitives.containers.sampler_pub import SamplerPub

from quantum_async.integrations.qiskit.backends import AsyncBackend, QuantumAsyncBackend
from quantum_async.integrations.qiskit.fitting import check_backend
from quantum_async.integrations.qiskit.jobs import AsyncPrimitiveJob, PrimitiveJob
from quantum_async.integrations.qiskit.orders import Orders, Piece, points_of, started
from quantum_async.integrations.qiskit.results import packed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray
    from qiskit.primitives import SamplerPubLike

    from quantum_async.integrations.qiskit.backends import Described, RunSettings
    from quantum_async.models.result import Result


class AsyncSampler:
    """Sample circuits on a backend: Qiskit's `BaseSamplerV2`, to be awaited.

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
        import numpy as np
        from qiskit import QuantumCircuit
        from qiskit.circuit import Parameter
        from quantum_async.integrations.qiskit import AsyncProvider, AsyncSampler

        circuit = QuantumCircuit(1)
        circuit.rx(Parameter("angle"), 0)
        circuit.measure_all()

        async with AsyncProvider("local") as provider:
            sampler = AsyncSampler(await provider.backend("statevector"), seed_simulator=1)
            job = await sampler.run([(circuit, np.linspace(0, np.pi, 5))], shots=200)
            (result,) = await job
        assert result.data.meas.shape == (5,)
        assert result.data.meas[4].get_counts() == {"1": 200}
        ```
    """

    def __init__(
        self, backend: AsyncBackend, *, default_shots: int | None = None, **options: object
    ) -> None:
        check_backend(backend, AsyncBackend, "AsyncProvider")
        self.backend = backend
        """Where."""
        self._default_shots = default_shots
        self.options = options
        """Run options of the backend."""

    @property
    def default_shots(self) -> int:
        """Shots of a PUB where neither it nor the call says."""
        return self._default_shots or self.backend.settings({}).shots

    async def run(
        self, pubs: Iterable[SamplerPubLike], *, shots: int | None = None
    ) -> AsyncPrimitiveJob[SamplerPubResult]:
        """Start sampling; returns once all PUBs are known to be fit.

        Billed: running the circuits is.

        Args:
            pubs: Circuits, or tuples of a circuit, parameter values and shots.
            shots: Shots of PUBs that do not say.

        Raises:
            OutsideTargetError: A circuit does not fit the backend; nothing was sent.
            InvalidInputError: A circuit or an option is of no use; nothing was sent.
        """
        name = self.backend.source.next_name()
        wanted = self.default_shots if shots is None else shots
        settings = self.backend.settings(self.options)

        def plan() -> tuple[list[SamplerPub], Orders]:
            coerced = [SamplerPub.coerce(pub, wanted) for pub in pubs]
            return coerced, ordered(coerced, self.backend, settings)

        coerced, orders = await anyio.to_thread.run_sync(plan)
        runs = await started(self.backend, orders, name)
        needs = [pub.size for pub in coerced]
        assembled = partial(_assembled, coerced)
        return AsyncPrimitiveJob(self.backend.source, runs, needs, assembled)


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


def ordered(pubs: Sequence[SamplerPub], backend: Described, settings: RunSettings) -> Orders:
    """Check PUBs, and sort their points; sends nothing.

    Args:
        pubs: The PUBs.
        backend: Where they are going to run.
        settings: How.

    Raises:
        OutsideTargetError: A circuit does not fit.
    """
    orders = Orders()
    circuits = backend.fitted([pub.circuit for pub in pubs], settings) if pubs else []
    for number, (pub, circuit) in enumerate(zip(pubs, circuits, strict=True)):
        names = [parameter.name for parameter in circuit.parameters]
        program, shots = backend.program(circuit), pub.shots or settings.shots
        for point, values in enumerate(points_of(pub.parameter_values, names)):
            orders.add((number, 0, point), Piece(program, values), shots, settings.options)
    return orders


def _assembled(
    pubs: Sequence[SamplerPub], pub: int, results: Mapping[tuple[int, int], Result]
) -> SamplerPubResult:
    """Make the result of a PUB: a `BitArray` for each classical register."""
    given = pubs[pub]
    found = [results[0, point] for point in range(given.size)]
    arrays = {
        register.name: BitArray(
            _stacked(found, register.name, register.size, given.shape), register.size
        )
        for register in given.circuit.cregs
    }
    shots = min((result.shots for result in found), default=given.shots)
    metadata = {"shots": shots, "circuit_metadata": given.circuit.metadata}
    if shots != given.shots:
        # Heralding and lost qubits leave fewer shots, and an array has one number of them.
        metadata["shots_by_point"] = [result.shots for result in found]
    return SamplerPubResult(DataBin(**arrays, shape=given.shape), metadata=metadata)


def _stacked(
    results: Sequence[Result], register: str, width: int, shape: tuple[int, ...]
) -> NDArray[np.uint8]:
    size = -(-width // 8)
    rows = [packed(result, register, width) for result in results]
    shots = min((len(row) for row in rows), default=0)
    stacked = np.array([row[:shots] for row in rows], dtype=np.uint8)
    return stacked.reshape((*shape, shots, size))
