# mypy: allow-subclassing-any
"""Sampler and estimator, awaited: pieces of PUBs as the fewest jobs."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, cast

import anyio.to_thread
import numpy as np
from qiskit.primitives import BitArray, DataBin, PubResult, SamplerPubResult
from qiskit.primitives.containers.estimator_pub import EstimatorPub
from qiskit.primitives.containers.sampler_pub import SamplerPub

from quantum_async.errors import InvalidOptionError, ResultError
from quantum_async.integrations.qiskit import paulis as observed
from quantum_async.integrations.qiskit.backends import AsyncBackend, check_backend
from quantum_async.integrations.qiskit.jobs import AsyncPrimitiveJob, SweepRun
from quantum_async.integrations.qiskit.results import packed
from quantum_async.models.capabilities import Binding
from quantum_async.models.grid import zip_points
from quantum_async.models.submission import JobSpec
from quantum_async.programs.circuits import flattened
from quantum_async.programs.identity import program_identity
from quantum_async.programs.objects import as_program
from quantum_async.programs.parameters import bound_circuit
from quantum_async.programs.survey import without_final_measurements
from quantum_async.scheduler.inputs import checked_shots

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray
    from qiskit import QuantumCircuit
    from qiskit.primitives import EstimatorPubLike, SamplerPubLike
    from qiskit.primitives.containers.bindings_array import BindingsArray

    from quantum_async.integrations.qiskit.backends import Described, RunSettings
    from quantum_async.models.grid import Points
    from quantum_async.models.program import Program
    from quantum_async.models.result import Result
    from quantum_async.models.submission import RunOptions
    from quantum_async.providers.base import ProviderClient
    from quantum_async.scheduler.sweep import Sweep

    Place = tuple[int, int, int]
    """Which PUB, which of its circuits, and which point."""

DEFAULT_PRECISION = 1 / 64
EXACT_SHOTS = 4096
"""Shots where the provider computes exactly and no precision says otherwise."""


class AsyncSampler:
    """Sample circuits on a backend: Qiskit's `BaseSamplerV2`, to be awaited.

    All points of PUBs of equal shots are one sweep, so that they become the fewest jobs that the
    provider's limits allow; where the provider binds parameters, they are sent as a template.

    Args:
        backend: Where.
        default_shots: Shots of a PUB where neither it nor the call says; the backend's own
            ``options.shots`` if ``None``.
        **options: Run options of the backend, such as ``seed_simulator``,
            ``optimization_level``, ``provider_options`` or, on a simulator, ``noise_model``.

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
        self.options: dict[str, object] = options
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
            ``optimization_level``, ``provider_options`` or, on a simulator, ``noise_model``.

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
        self.options: dict[str, object] = options
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


@dataclass(frozen=True, slots=True)
class Piece:
    """One circuit at one point.

    Args:
        program: The circuit; pieces that differ in their values alone share it.
        values: Values of its parameters.
    """

    program: Program
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass
class Order:
    """What goes to the provider as one sweep: pieces of equal shots and options.

    Args:
        shots: Shots of each piece.
        options: Their options.
        pieces: The pieces.
        places: Where the outcome of each piece belongs.
    """

    shots: int
    options: RunOptions
    pieces: list[Piece] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)

    async def check(self, client: ProviderClient, device: str) -> None:
        """Refuse all of it where one piece cannot run; sends nothing.

        Raises:
            InvalidInputError: With the reason and the remedy.
        """
        checked_shots(self.shots)
        options = client.options_of(self.options)
        for piece in {id(piece.program): piece for piece in self.pieces}.values():
            values = {name: float(value) for name, value in piece.values.items()}
            await client.validate(JobSpec("", piece.program, self.shots, values, options), device)

    def points(self, client: ProviderClient, name: str | None) -> Points:
        """Make of the pieces what becomes the fewest jobs, and of those the points of a sweep.

        A provider that binds parameters takes the points of one program as one job. Points of
        several programs would be as many jobs, and are one where they come bound.

        Args:
            client: The provider's client.
            name: What they are called in a journal; only the same circuits continue them there.
        """
        can = client.capabilities
        programs = {id(piece.program): piece.program for piece in self.pieces}
        if can.binding is not Binding.CLIENT and can.jobs_per_submission > 1 and len(programs) > 1:
            self.pieces = [_bound(piece) for piece in self.pieces]
            programs = {id(piece.program): piece.program for piece in self.pieces}
        places = range(len(self.pieces))
        if name is None:
            return zip_points(place=places)
        known = {place: program_identity(program) for place, program in programs.items()}
        meanings = [_digest(known[id(piece.program)], piece.values) for piece in self.pieces]
        return zip_points(place=places, circuit=meanings)

    def program(self, place: int, **_: object) -> tuple[Program, Mapping[str, float]]:
        """Give what runs at a point."""
        return self.pieces[place].program, self.pieces[place].values


class Orders(dict[tuple[int, "RunOptions"], Order]):
    """Pieces sorted into orders, by their shots and options."""

    def add(self, place: Place, piece: Piece, shots: int, options: RunOptions) -> None:
        """Add a piece.

        Args:
            place: Where its outcome belongs.
            piece: The piece.
            shots: Its shots.
            options: Its options.
        """
        order = self.setdefault((shots, options), Order(shots, options))
        order.pieces.append(piece)
        order.places.append(place)


def points_of(values: BindingsArray, names: Sequence[str]) -> list[dict[str, float]]:
    """Write an array of parameter values out, point by point in C order.

    Args:
        values: The array.
        names: Which parameters are left in the circuit; a transpiler may find some without effect.
    """
    flat = values.ravel()
    columns = {
        name: column
        for group, array in flat.data.items()
        for name, column in zip(group, array.reshape(flat.size, len(group)).T.tolist(), strict=True)
        if name in names
    }
    return [{name: column[point] for name, column in columns.items()} for point in range(flat.size)]


async def started(
    backend: AsyncBackend, orders: Orders, name: str | None
) -> list[tuple[list[Place], SweepRun]]:
    """Start orders, once every piece of each is known to be fit.

    Args:
        backend: Where.
        orders: What.
        name: What they are called in a journal.

    Raises:
        InvalidInputError: A piece cannot run; nothing was sent.
    """
    scheduler, client = backend.source.scheduler, backend.source.client
    prepared: list[tuple[Order, Points, str | None]] = []
    for number, order in enumerate(orders.values(), 1):
        await order.check(client, backend.machine.name)
        own = None if name is None else f"{name}.{number}"
        points = await anyio.to_thread.run_sync(order.points, client, own)
        prepared.append((order, points, own))

    def start(order: Order, points: Points, name: str | None) -> Sweep:
        on, shots, options = backend.machine.on, order.shots, order.options
        return scheduler.sweep(
            order.program,
            points,
            shots=shots,
            on=on,
            name=name,
            on_error="collect",
            options=options,
        )

    return [(order.places, SweepRun(start(order, points, own))) for order, points, own in prepared]


def _bound(piece: Piece) -> Piece:
    if not piece.values:
        return piece
    circuit = cast("QuantumCircuit", piece.program.live)
    return Piece(as_program(bound_circuit(circuit, piece.values)))


def _digest(meaning: str, values: Mapping[str, float]) -> str:
    text = json.dumps([meaning, {name: float(value) for name, value in values.items()}])
    return hashlib.sha256(text.encode()).hexdigest()


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
    wanted: observed.Broadcast
    shots: int
    register: str
    circuits: list[tuple[observed.Basis | None, list[int]]]


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
        wanted = observed.Broadcast.of(pub, places, circuit.num_qubits)
        planned = _Planned(pub, wanted, self._shots(pub), observed.register_of(circuit), [])
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
            for basis in observed.bases(paulis):
                planned.circuits.append((basis, points))
                target = self._backend.target_for(self._settings)
                made = observed.measuring(circuit, basis, target)
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
        self,
        one: _Planned,
        terms: observed.Terms,
        point: int,
        results: Mapping[tuple[int, int], Result],
    ) -> tuple[float, float]:
        value, variance, error = observed.identity(terms), 0.0, 0.0
        for place, (basis, _) in enumerate(one.circuits):
            result = results.get((place, point))
            if result is None:
                continue
            if basis is None:
                part, error = _computed(terms, result)
                value += part
            elif not basis.paulis.keys().isdisjoint(terms):
                counts = result.register_counts(one.register)
                part, spread = observed.estimate(terms, basis, counts)
                value, variance = value + part, variance + spread
        return value, error or math.sqrt(variance)


def _computed(terms: observed.Terms, result: Result) -> tuple[float, float]:
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
