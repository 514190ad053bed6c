"""The estimator against Qiskit's own, on the simulator: computed and measured."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, transpile
from qiskit.circuit import Parameter
from qiskit.circuit.library import QFTGate
from qiskit.primitives import (
    BackendEstimatorV2,
    BaseEstimatorV2,
    PrimitiveResult,
    PubResult,
    StatevectorEstimator,
)
from qiskit.quantum_info import Pauli, SparseObservable, SparsePauliOp, Statevector

import quantum_async as qa
from quantum_async.errors import InvalidInputError, InvalidOptionError
from quantum_async.integrations.qiskit import (
    AsyncEstimator,
    AsyncProvider,
    EstimatorV2,
    OutsideTargetError,
)
from quantum_async.integrations.qiskit.paulis import Basis, bases, estimate
from tests.integrations.qiskit.circuits import measured, turned

MIXED = SparsePauliOp(["XX", "IY", "II", "ZZ"], [0.5, -0.7, 0.25, 1.5])


@pytest.fixture(scope="module")
def estimator(statevector):
    """An estimator that has the provider compute."""
    return EstimatorV2(statevector)


@pytest.fixture(scope="module")
def measuring(statevector):
    """An estimator that measures, although the provider could compute."""
    return EstimatorV2(statevector, measured=True, seed_simulator=7)


def reference(*pubs):
    return StatevectorEstimator().run(list(pubs)).result()


def test_it_is_qiskits(estimator):
    """Form and metadata are those of Qiskit's reference, and values agree exactly."""
    assert isinstance(estimator, BaseEstimatorV2)
    circuit = turned()
    circuit.metadata = {"my": "note"}
    pub = (circuit, [[MIXED], ["ZI"], [Pauli("-YX")], [{"IX": 2.0}]], [[0.1], [0.2], [0.3]], 0.1)
    result = estimator.run([pub]).result()
    wanted = reference(pub)
    assert isinstance(result, PrimitiveResult)
    assert type(result[0]) is PubResult
    assert result.metadata == wanted.metadata
    assert result[0].data.shape == wanted[0].data.shape == (4, 3)
    assert result[0].metadata == wanted[0].metadata
    exact = StatevectorEstimator().run([(*pub[:3], 0.0)]).result()[0].data.evs
    np.testing.assert_allclose(result[0].data.evs, exact, atol=1e-12)
    assert (result[0].data.stds == 0).all()


@st.composite
def broadcastable(draw):
    """Draw two shapes that can be broadcast against each other."""
    shape = draw(st.lists(st.integers(1, 3), max_size=3))
    pair = []
    for _ in range(2):
        kept = shape[draw(st.integers(0, len(shape))) :]
        pair.append(tuple(draw(st.sampled_from([1, size])) for size in kept))
    return pair


@settings(max_examples=25)
@given(shapes=broadcastable(), seed=st.integers(0))
def test_any_shapes_that_go_together(estimator, shapes, seed):
    """Observables and parameter values are broadcast as Qiskit does it."""
    rng = np.random.default_rng(seed)
    first, second = shapes
    observables = np.empty(first, dtype=object)
    for index in np.ndindex(*first):
        labels = ["".join(rng.choice(list("IXYZ"), 2)) for _ in range(3)]
        observables[index] = SparsePauliOp(labels, rng.normal(size=3))
    pub = (turned(), observables.tolist(), rng.normal(size=(*second, 1)))
    ours, theirs = estimator.run([pub]).result()[0].data, reference(pub)[0].data
    assert ours.evs.shape == ours.stds.shape == theirs.evs.shape
    np.testing.assert_allclose(ours.evs, theirs.evs, atol=1e-9)


@settings(max_examples=4)
@given(seed=st.integers(0))
def test_measured_values_keep_their_errors(measuring, seed):
    """Measured values lie within their standard errors of the exact ones."""
    rng = np.random.default_rng(seed)
    labels = sorted({"".join(rng.choice(list("IXYZ"), 3)) for _ in range(6)})
    observable = SparsePauliOp(labels, rng.normal(size=len(labels)))
    pub = (turned(3), [[observable], ["ZZZ"]], [[0.3], [1.2]])
    ours, theirs = measuring.run([pub], precision=0.02).result()[0].data, reference(pub)[0].data
    assert (np.abs(ours.evs - theirs.evs) <= 6 * ours.stds + 1e-9).all()
    assert (ours.stds <= 0.02 * 1.01 * np.abs(observable.coeffs).sum() + 0.021).all()


def test_errors_are_those_of_repeated_runs(statevector):
    """Standard errors, correlations included, are the spread of repeated estimates."""
    observable = SparsePauliOp(["ZZ", "ZI", "IZ"], [1.0, -1.0, -1.0])
    pub = (turned(), observable, [0.8], 0.1)
    values, errors = [], []
    for seed in range(40):
        estimator = EstimatorV2(statevector, measured=True, seed_simulator=seed)
        data = estimator.run([pub]).result()[0].data
        values.append(float(data.evs))
        errors.append(float(data.stds))
    assert np.std(values, ddof=1) == pytest.approx(np.mean(errors), rel=0.45)


def test_what_commutes_is_measured_together(statevector, measuring):
    """Terms that commute qubit by qubit share a circuit; the identity needs none."""
    together = measuring.run([(turned(), ["ZZ", "ZI", "II"], [0.3])])
    assert len(together.refs()) == 1
    apart = measuring.run([(turned(), [["ZZ"], ["XX"], ["YY"], ["ZI"]], [[0.3], [0.4]])])
    assert len(apart.refs()) == 6
    nothing = measuring.run([(turned(), {"II": 3.0}, [0.3])])
    assert nothing.refs() == []
    assert nothing.result()[0].data.evs == 3.0
    assert nothing.result()[0].data.stds == 0.0


def test_precision_gives_shots(measuring):
    """A precision of 1/n takes n squared shots; what cannot be reached is refused."""
    result = measuring.run([(turned(), "ZZ", [0.3]), (turned(), "ZZ", [0.3], 0.5)], precision=0.1)
    assert [pub.metadata["shots"] for pub in result.result()] == [100, 4]
    assert measuring.default_precision == 1 / 64
    with pytest.raises(InvalidOptionError, match="precision of 0"):
        measuring.run([(turned(), "ZZ", [0.3])], precision=0.0)


def test_exact_values_need_no_precision(estimator):
    """Where the provider computes exactly, a precision of 0 is what it gives."""
    (result,) = estimator.run([(turned(), "ZZ", [0.3])], precision=0.0).result()
    assert result.data.stds == 0


@pytest.mark.parametrize("name", ["estimator", "measuring"])
def test_projectors_are_observables(name, request):
    """Observables with projectors are spelt out in Pauli strings."""
    observable = SparseObservable.from_list([("0I", 1.0), ("r+", 0.5)])
    state = turned().assign_parameters([0.7])
    (result,) = request.getfixturevalue(name).run([(state, observable)], precision=0.02).result()
    operator = SparsePauliOp.from_sparse_observable(observable)
    wanted = Statevector(state).expectation_value(operator).real
    assert abs(result.data.evs - wanted) <= 6 * result.data.stds + 1e-9


@pytest.mark.parametrize("name", ["estimator", "measuring"])
def test_measurements_at_the_end_do_not_count(name, request):
    """A measured circuit is estimated as if it were not."""
    pub = (measured(), "XX", [0.6])
    (result,) = request.getfixturevalue(name).run([pub], precision=0.02).result()
    wanted = reference((turned(), "XX", [0.6]))[0].data.evs
    assert abs(result.data.evs - wanted) <= 6 * result.data.stds + 1e-9


@pytest.mark.parametrize("name", ["estimator", "measuring"])
def test_measurements_in_mid_circuit(name, request):
    """What a condition depends on is measured; a register of our name is kept apart."""
    circuit = QuantumCircuit(QuantumRegister(2, "q"), ClassicalRegister(1, "observed"))
    circuit.x(0)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.x(1)
    pub = (circuit, ["ZI", "IZ"])
    (result,) = request.getfixturevalue(name).run([pub], precision=0.2).result()
    assert result.data.evs.tolist() == [-1.0, -1.0]


def test_qiskits_own_estimator_on_our_backend(statevector):
    """`BackendEstimatorV2` works on our backend, and agrees within its errors."""
    pub = (turned(), [[MIXED], ["YY"]], [[0.2], [0.9]])
    theirs = BackendEstimatorV2(backend=statevector).run([pub], precision=0.02).result()[0].data
    exact = EstimatorV2(statevector).run([pub]).result()[0].data
    assert (np.abs(theirs.evs - exact.evs) <= 6 * theirs.stds + 1e-9).all()


@pytest.mark.parametrize("is_measured", [False, True])
def test_transpiling_moves_observables_along(local, is_measured):
    """Where a transpiler was asked for, observables follow the qubits that it moves."""
    circuit = QuantumCircuit(3)
    circuit.append(QFTGate(3), range(3))
    circuit.append(QFTGate(3).inverse(), range(3))
    circuit.rx(Parameter("angle"), 0)
    pub = (circuit, ["IIZ", "IZI", "ZII"], [math.pi])
    backend = local.backend("automatic")
    with pytest.raises(OutsideTargetError):
        EstimatorV2(backend).run([pub])
    estimator = EstimatorV2(backend, optimization_level=3, measured=is_measured)
    np.testing.assert_allclose(estimator.run([pub]).result()[0].data.evs, [-1, 1, 1], atol=1e-9)


def test_observables_of_another_width(estimator):
    """Qiskit's own checks of PUBs apply, and so do ours of observables."""
    with pytest.raises(ValueError, match="number of qubits"):
        estimator.run([(turned(), "Z", [0.1])])
    with pytest.raises((ValueError, InvalidInputError)):
        estimator.run([(turned(), SparsePauliOp("ZZ", 1j), [0.1])])


def test_simulators_that_compute_no_values(local):
    """Where the simulator cannot compute, the estimator measures."""
    backend = local.backend("extended_stabilizer")
    assert not backend.machine.has_observables
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    (result,) = EstimatorV2(backend).run([(circuit, ["ZZ", "XX"])], precision=0.2).result()
    assert result.data.evs.tolist() == [1.0, 1.0]
    assert result.metadata["shots"] == 25


@given(
    st.lists(
        st.text("IXYZ", min_size=4, max_size=4).filter(lambda p: set(p) != {"I"}),
        min_size=1,
        max_size=12,
        unique=True,
    )
)
def test_groups_cover_and_commute(paulis):
    """Every string is measured once, in a basis that agrees with it on each of its qubits."""
    groups = bases(paulis)
    assert sorted(p for basis in groups for p in basis.paulis) == sorted(paulis)
    for basis in groups:
        letters = dict(zip(basis.qubits, basis.letters, strict=True))
        for pauli, bits in basis.paulis.items():
            support = {q: letter for q, letter in enumerate(reversed(pauli)) if letter != "I"}
            assert [basis.qubits[bit] for bit in bits] == sorted(support)
            assert all(letters[qubit] == letter for qubit, letter in support.items())


def test_one_shot_has_no_spread():
    """The error of a single shot is not a number, and not zero."""
    basis = Basis({"Z": (0,)}, (0,), "Z")
    assert estimate({"Z": 2.0}, basis, {"1": 1})[0] == -2.0
    assert math.isnan(estimate({"Z": 2.0}, basis, {"1": 1})[1])
    mean, variance = estimate({"Z": 2.0}, basis, {"1": 2, "0": 2})
    assert (mean, variance) == (0.0, pytest.approx(4 / 3))


async def test_estimating_is_awaited(never_blocks):
    """The awaited estimator gives what the other one does; PUBs come as they finish."""
    async with AsyncProvider(qa.LocalClient(seed=1)) as provider:
        estimator = AsyncEstimator(await provider.backend("statevector"))
        job = await estimator.run([(turned(), "ZZ", [0.3]), (turned(), ["XX", "YY"], [0.4])])
        found = {outcome.index: outcome.outcome().data.evs async for outcome in job}
        result = await job
    np.testing.assert_allclose(found[1], result[1].data.evs)
    np.testing.assert_allclose(found[0], reference((turned(), "ZZ", [0.3]))[0].data.evs)


def test_transpiled_circuits_take_moved_observables(statevector):
    """A circuit transpiled by hand takes observables with its layout, as with any backend."""
    circuit = transpile(turned().assign_parameters([0.3]), statevector)
    observable = SparsePauliOp("ZI")
    if circuit.layout is not None:
        observable = observable.apply_layout(circuit.layout)
    (result,) = EstimatorV2(statevector).run([(circuit, observable)]).result()
    wanted = reference((turned(), "ZI", [0.3]))[0].data.evs
    np.testing.assert_allclose(result.data.evs, wanted, atol=1e-9)


@pytest.mark.parametrize("level", [None, 1])
def test_a_composite_called_measure_is_no_measurement(statevector, level):
    """Only real measurements at the end are left out of what is observed."""
    part = QuantumCircuit(1, name="measure")
    part.x(0)
    circuit = QuantumCircuit(1)
    circuit.append(part.to_instruction(), [0])
    circuit.measure_all()
    options = {} if level is None else {"optimization_level": level}
    estimator = EstimatorV2(statevector, **options)
    assert estimator.run([(circuit, "Z")]).result()[0].data.evs == pytest.approx(-1)
