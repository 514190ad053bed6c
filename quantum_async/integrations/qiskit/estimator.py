# mypy: allow-subclassing-any
"""The estimator, awaited and as Qiskit knows it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread
import numpy as np
from qiskit.primitives import BaseEstimatorV2, DataBin, PubResult
from qiskit.primitives.containers.estimator_pub import EstimatorPub

from quantum_async.errors import InvalidOptionError, ResultError
from quantum_async.integrations.qiskit.backends import AsyncBackend, QuantumAsyncBackend
from quantum_async.integrations.qiskit.fitting import check_backend
from quantum_async.integrations.qiskit.jobs import AsyncPrimitiveJob, PrimitiveJob
from quantum_async.integrations.qiskit.orders import Orders, Piece, points_of, started
from quantum_async.integrations.qiskit.paulis import (
    Basis,
    Broadcast,
    bases,
    estimate,
    identity,
    measuring,
    register_of,
)
from quantum_async.programs.bare import without_final_measurements
from quantum_async.programs.flatten import flattened

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qiskit import QuantumCircuit
    from qiskit.primitives import EstimatorPubLike

    from quantum_async.integrations.qiskit.backends import Described, RunSettings
    from quantum_async.integrations.qiskit.paulis import Terms
    from quantum_async.models.result import Result
    from quantum_async.models.submission import RunOptions

DEFAULT_PRECISION = 1 / 64
EXACT_SHOTS = 4096
"""Shots where the provider computes exactly and no precision says otherwise."""


class AsyncEstimator:
    """Estimate expectation values on a backend: Qiskit's `BaseEstimatorV2`, to be awaited.

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
            ``optimization_level`` or ``provider_options``.

    Example:
        ```python
        from qiskit import QuantumCircuit
        from quantum_async.integrations.qiskit import AsyncEstimator, AsyncProvider

        bell = QuantumCircuit(2)
        bell.h(0)
        bell.cx(0, 1)

        async with AsyncProvider("local") as provider:
            estimator = AsyncEstimator(await provider.backend("statevector"))
            (result,) = await (await estimator.run([(bell, ["ZZ", "XX", "ZI"])]))
        assert [round(value, 9) for value in result.data.evs] == [1, 1, 0]
        ```
    """

    def __init__(
        self,
        backend: AsyncBackend,
        *,
        default_precision: float = DEFAULT_PRECISION,
        measured: bool = False,
        **options: object,
    ) -> None:
        check_backend(backend, AsyncBackend, "AsyncProvider")
        self.backend = backend
        """Where."""
        self.default_precision = default_precision
        """Precision of a PUB where neither it nor the call says."""
        self.measured = measured
        """Whether to measure even where the provider computes."""
        self.options = options
        """Run options of the backend."""

    async def run(
        self, pubs: Iterable[EstimatorPubLike], *, precision: float | None = None
    ) -> AsyncPrimitiveJob[PubResult]:
        """Start estimating; returns once all PUBs are known to be fit.

        Billed: running the circuits is.

        Args:
            pubs: Tuples of a circuit, observables, parameter values and precision.
            precision: Precision of PUBs that do not say; ``1 / precision ** 2`` shots are taken.

        Raises:
            OutsideTargetError: A circuit does not fit the backend; nothing was sent.
            InvalidInputError: A circuit or an option is of no use; nothing was sent.
        """
        name = self.backend.source.next_name()
        wanted = self.default_precision if precision is None else precision
        plan = Plan(
            self.backend,
            self.backend.settings(self.options),
            is_computed=self.backend.machine.has_observables and not self.measured,
        )
        await anyio.to_thread.run_sync(plan.make, pubs, wanted)
        runs = await started(self.backend, plan.orders, name)
        return AsyncPrimitiveJob(self.backend.source, runs, plan.needs, plan.assembled)


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


@dataclass
class _Planned:
    """How one PUB is estimated.

    Args:
        pub: The PUB.
        wanted: Which observable is wanted at which point.
        shots: Shots of each circuit.
        register: What is measured into, where something is.
        circuits: The basis of each circuit, and the points at which it runs.
    """

    pub: EstimatorPub
    wanted: Broadcast
    shots: int
    register: str
    circuits: list[tuple[Basis | None, list[int]]]


class Plan:
    """Plan the circuits of PUBs, and make results of theirs.

    Args:
        backend: Where they run.
        settings: How.
        is_computed: Whether the provider computes expectation values.
    """

    def __init__(self, backend: Described, settings: RunSettings, *, is_computed: bool) -> None:
        self._backend = backend
        self._settings = settings
        self._is_computed = is_computed
        self._planned: list[_Planned] = []
        self.orders = Orders()
        """What is to run."""

    @property
    def needs(self) -> Sequence[int]:
        """How many pieces each PUB waits for."""
        return [sum(len(points) for _, points in one.circuits) for one in self._planned]

    def make(self, given: Iterable[EstimatorPubLike], precision: float) -> None:
        """Check PUBs and sort their pieces; sends nothing.

        Args:
            given: The PUBs.
            precision: Precision of those that do not say.

        Raises:
            OutsideTargetError: A circuit does not fit.
            InvalidOptionError: A precision cannot be reached.
        """
        pubs = [EstimatorPub.coerce(pub, precision) for pub in given]
        circuits = [pub.circuit for pub in pubs]
        if self._settings.level is not None:
            # Measurements within composites are at the end as well.
            own = self._backend.target.operation_names
            circuits = [flattened(circuit, own=own) for circuit in circuits]
        bare = [without_final_measurements(circuit) for circuit in circuits]
        circuits = self._backend.fitted(bare, self._settings) if bare else []
        for number, (pub, circuit) in enumerate(zip(pubs, circuits, strict=True)):
            self._add(number, pub, circuit)

    def assembled(self, pub: int, results: Mapping[tuple[int, int], Result]) -> PubResult:
        """Make the result of a PUB.

        Args:
            pub: Which one.
            results: Results by circuit and point.
        """
        one = self._planned[pub]
        found = [
            self._value(one, terms, point, results)
            for terms, point in zip(one.wanted.terms, one.wanted.points, strict=True)
        ]
        shape = one.wanted.shape
        values = np.array([value for value, _ in found], dtype=float).reshape(shape)
        errors = np.array([error for _, error in found], dtype=float).reshape(shape)
        metadata: dict[str, object] = {"target_precision": one.pub.precision}
        if not self._is_computed:
            metadata["shots"] = one.shots
        metadata["circuit_metadata"] = one.pub.circuit.metadata
        return PubResult(DataBin(evs=values, stds=errors, shape=shape), metadata=metadata)

    def _add(self, number: int, pub: EstimatorPub, circuit: QuantumCircuit) -> None:
        places = None
        if self._settings.level is not None and circuit.layout is not None:
            places = circuit.layout.final_index_layout(filter_ancillas=True)
        wanted = Broadcast.of(pub, places, circuit.num_qubits)
        planned = _Planned(pub, wanted, self._shots(pub), register_of(circuit), [])
        self._planned.append(planned)
        if self._is_computed:
            self._compute(number, planned, circuit)
        else:
            self._measure(number, planned, circuit)

    def _compute(self, number: int, planned: _Planned, circuit: QuantumCircuit) -> None:
        wanted = planned.wanted.wanted()
        if not wanted:
            return
        paulis = tuple(sorted(frozenset().union(*wanted)))
        points = sorted(point for points in wanted.values() for point in points)
        options = replace(self._settings.options, observables=paulis)
        planned.circuits.append((None, points))
        self._order(number, planned, circuit, options)

    def _measure(self, number: int, planned: _Planned, circuit: QuantumCircuit) -> None:
        for paulis, points in planned.wanted.wanted().items():
            for basis in bases(paulis):
                planned.circuits.append((basis, points))
                made = measuring(circuit, basis, self._backend.target)
                self._order(number, planned, made, self._settings.options)

    def _order(
        self, number: int, planned: _Planned, circuit: QuantumCircuit, options: RunOptions
    ) -> None:
        """Order the circuit that was planned last."""
        names = [parameter.name for parameter in circuit.parameters]
        values = points_of(planned.pub.parameter_values, names)
        checked = self._backend.fitted([circuit], replace(self._settings, level=None))
        program = self._backend.program(checked[0])
        place = len(planned.circuits) - 1
        for point in planned.circuits[place][1]:
            piece = Piece(program, values[point])
            self.orders.add((number, place, point), piece, planned.shots, options)

    def _shots(self, pub: EstimatorPub) -> int:
        precision = float(pub.precision or 0)
        if precision > 0:
            return math.ceil(1 / precision**2)
        if self._is_computed:
            return EXACT_SHOTS
        raise InvalidOptionError(
            "no number of shots gives a precision of 0",
            remedy="Ask for a precision above 0; 1 / precision ** 2 shots are taken.",
        )

    def _value(
        self, one: _Planned, terms: Terms, point: int, results: Mapping[tuple[int, int], Result]
    ) -> tuple[float, float]:
        value, variance, error = identity(terms), 0.0, 0.0
        for place, (basis, _) in enumerate(one.circuits):
            result = results.get((place, point))
            if result is None:
                continue
            if basis is None:
                part, error = _computed(terms, result)
                value += part
            elif not basis.paulis.keys().isdisjoint(terms):
                counts = result.register_counts(one.register)
                part, spread = estimate(terms, basis, counts)
                value, variance = value + part, variance + spread
        return value, error or math.sqrt(variance)


def _computed(terms: Terms, result: Result) -> tuple[float, float]:
    """Sum up what the provider computed; the error is the largest that correlations allow."""
    value = error = 0.0
    for pauli, coefficient in terms.items():
        if set(pauli) == {"I"}:
            continue
        found = result.expectation_values.get(pauli)
        if found is None:
            raise ResultError(
                f"the result has no value of {pauli}",
                remedy="Pass measured=True to the estimator, and report this.",
            )
        if isinstance(found.value, complex):
            raise ResultError(
                f"the value of {pauli} is {found.value}, and that of a Pauli observable is real",
                remedy="Pass measured=True to the estimator, and report this.",
            )
        value += coefficient * found.value
        told = math.nan if found.standard_error is None else found.standard_error
        error += abs(coefficient) * told
    return value, error
