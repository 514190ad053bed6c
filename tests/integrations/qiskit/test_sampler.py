"""The sampler against Qiskit's own, on the simulator."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter
from qiskit.circuit.library import QFTGate
from qiskit.primitives import (
    BackendSamplerV2,
    BaseSamplerV2,
    BitArray,
    PrimitiveResult,
    SamplerPubResult,
    StatevectorSampler,
)
from qiskit.primitives.containers.bindings_array import BindingsArray
from qiskit.providers import JobStatus as QiskitStatus

import quantum_async as qa
from quantum_async.errors import InvalidOptionError, NoMeasurementError
from quantum_async.integrations.qiskit import (
    AsyncProvider,
    AsyncSampler,
    OutsideTargetError,
    PrimitiveJob,
    SamplerV2,
)
from tests.integrations.qiskit.circuits import asymmetric, counter, index_points, measured

SHAPES = st.lists(st.integers(1, 3), max_size=2).map(tuple)


@pytest.fixture(scope="module")
def sampler(statevector):
    """A sampler on the simulator."""
    return SamplerV2(statevector, default_shots=64, seed_simulator=2)


def same_form(ours, theirs):
    """Assert that two results are alike in everything but what was measured."""
    assert isinstance(ours, PrimitiveResult)
    assert ours.metadata == theirs.metadata
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs, strict=True):
        assert type(mine) is type(other) is SamplerPubResult
        assert mine.metadata == other.metadata
        assert list(mine.data) == list(other.data)
        assert mine.data.shape == other.data.shape
        for name in mine.data:
            assert isinstance(mine.data[name], BitArray)
            assert mine.data[name].array.shape == other.data[name].array.shape
            assert mine.data[name].num_bits == other.data[name].num_bits


def test_it_is_qiskits(sampler):
    """Form, names, widths, shots and metadata are those of Qiskit's reference."""
    assert isinstance(sampler, BaseSamplerV2)
    circuit = measured()
    circuit.metadata = {"my": "note"}
    pubs = [asymmetric(), (circuit, [[0.1], [0.2]]), (circuit, 0.3, 7)]
    job = sampler.run(pubs)
    assert isinstance(job, PrimitiveJob)
    ours = job.result()
    same_form(ours, StatevectorSampler(default_shots=64).run(pubs).result())
    assert ours[0].data.low.get_counts() == {"01": 64}
    assert ours[0].data.high.get_counts() == {"0": 64}
    assert ours[2].data.meas.num_shots == 7


@settings(max_examples=10)
@given(
    shape=SHAPES, widths=st.lists(st.integers(1, 9), min_size=1, max_size=3), seed=st.integers(0)
)
def test_any_shape_and_registers(sampler, shape, widths, seed):
    """Each element of an array of parameter values gets its own bits, in every register."""
    registers = [ClassicalRegister(width, f"r{n}") for n, width in enumerate(widths)]
    chosen = np.random.default_rng(seed).integers(0, 2, size=(*shape, len(widths)))
    circuit = QuantumCircuit(QuantumRegister(len(widths), "q"), *registers)
    for qubit, register in enumerate(registers):
        circuit.rx(Parameter(f"p{qubit}"), qubit)
        circuit.measure(qubit, register[-1])
    pub = (circuit, math.pi * chosen, 3)
    found = sampler.run([pub]).result()
    same_form(found, StatevectorSampler().run([pub]).result())
    (result,) = found
    for index in np.ndindex(*shape):
        for qubit, register in enumerate(registers):
            bit = str(chosen[(*index, qubit)])
            wanted = {bit + "0" * (register.size - 1): 3}
            assert result.data[register.name].get_counts(index) == wanted


def test_points_keep_their_parameters(sampler):
    """Sixty points come back in their places, whichever way their values are bound."""
    circuit, points = counter(6), np.array(index_points(6, 60))
    names = [parameter.name for parameter in circuit.parameters]
    split = BindingsArray({tuple(names[:3]): points[:, :3], tuple(names[3:]): points[:, 3:]})
    whole, parts = sampler.run([(circuit, points), (circuit, split)], shots=2).result()
    wanted = [{f"{index:06b}": 2} for index in range(60)]
    assert [whole.data.meas.get_counts(index) for index in range(60)] == wanted
    assert [parts.data.meas.get_counts(index) for index in range(60)] == wanted


def test_distributions_are_those_of_the_reference(statevector):
    """Sampled probabilities agree with the reference's within their errors."""
    pub = (measured(3), [0.5, 1.5])
    shots = 4000
    (ours,) = SamplerV2(statevector, seed_simulator=4).run([pub], shots=shots).result()
    (theirs,) = StatevectorSampler(seed=4).run([pub], shots=shots).result()
    for point in range(2):
        mine, other = ours.data.meas.get_counts(point), theirs.data.meas.get_counts(point)
        for outcome in mine | other:
            gap = abs(mine.get(outcome, 0) - other.get(outcome, 0))
            assert gap < 6 * math.sqrt(shots / 2)


def test_shots_by_pub_by_call_by_default(sampler):
    """A PUB's own shots win, then the call's, then the sampler's."""
    circuit = asymmetric()
    job = sampler.run([(circuit, None, 5), circuit], shots=6)
    assert [pub.data.low.num_shots for pub in job.result()] == [5, 6]
    assert sampler.run([circuit]).result()[0].data.low.num_shots == sampler.default_shots == 64


def test_seeds_repeat(sampler):
    """A seeded sampler gives the same shots again, in the same order."""
    pub = (measured(), [0.5, 0.6])
    first, second = (sampler.run([pub]).result()[0].data.meas.array for _ in range(2))
    assert (first == second).all()


def test_measurements_in_mid_circuit(sampler):
    """Conditions on measured bits work, which the reference cannot."""
    circuit = QuantumCircuit(2, 2)
    circuit.x(0)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.x(1)
    circuit.measure(1, 1)
    assert sampler.run([circuit]).result()[0].data.c.get_counts() == {"11": 64}


def test_qiskits_own_sampler_on_our_backend(statevector):
    """`BackendSamplerV2` works on our backend and gives the same bits."""
    pubs = [asymmetric(), (counter(4), index_points(4, 16), 3)]
    theirs = BackendSamplerV2(backend=statevector).run(pubs, shots=10).result()
    ours = SamplerV2(statevector).run(pubs, shots=10).result()
    same_form(ours, theirs)
    for mine, other in zip(ours, theirs, strict=True):
        for name in mine.data:
            assert (mine.data[name].array == other.data[name].array).all()


def test_transpiling_where_that_was_asked_for(statevector):
    """A circuit outside the target is refused, and transpiled by a sampler that may."""
    circuit = QuantumCircuit(2)
    circuit.append(QFTGate(2), [0, 1])
    circuit.append(QFTGate(2).inverse(), [0, 1])
    circuit.rx(Parameter("angle"), 1)
    circuit.measure_all()
    with pytest.raises(OutsideTargetError):
        SamplerV2(statevector).run([(circuit, [math.pi])])
    sampler = SamplerV2(statevector, optimization_level=1)
    (result,) = sampler.run([(circuit, [[0.0], [math.pi]])], shots=5).result()
    assert [result.data.meas.get_counts(i) for i in (0, 1)] == [{"00": 5}, {"10": 5}]


def test_parameters_without_effect(statevector):
    """A parameter that the transpiler finds of no effect takes values all the same."""
    circuit = QuantumCircuit(1)
    circuit.rz(Parameter("phase"), 0)
    circuit.measure_all()
    sampler = SamplerV2(statevector, optimization_level=2)
    (result,) = sampler.run([(circuit, [[0.1], [0.2]])], shots=3).result()
    assert result.data.meas.shape == (2,)
    assert result.data.meas.get_counts() == {"0": 6}


@pytest.mark.parametrize(
    ("pubs", "shots", "error"),
    [
        ([(measured(), [0.1, 0.2, 0.3])], 0, ValueError),
        ([(counter(2), [[0.1, 0.2, 0.3]])], 3, ValueError),
        ([measured()], 3, ValueError),
        ([QuantumCircuit(1, 1)], 3, NoMeasurementError),
        ([asymmetric()], 2.5, TypeError),
    ],
)
def test_what_makes_no_sense(sampler, pubs, shots, error):
    """Bad PUBs raise as Qiskit's do, and nothing runs."""
    with pytest.raises(error):
        sampler.run(pubs, shots=shots)


def test_no_pubs_at_all(sampler):
    """Nothing gives nothing, as with Qiskit's own."""
    assert len(sampler.run([]).result()) == 0
    with pytest.raises(InvalidOptionError):
        SamplerV2(sampler.backend, colour="red").run([])


def test_a_register_without_bits(sampler):
    """An empty register is there in the result, as with Qiskit's own."""
    circuit = QuantumCircuit(QuantumRegister(1, "q"), ClassicalRegister(0, "e"))
    circuit.add_register(ClassicalRegister(1, "c"))
    circuit.measure(0, 0)
    ours, theirs = sampler.run([circuit]).result(), StatevectorSampler().run([circuit], shots=64)
    same_form(ours, theirs.result())


def test_a_job_of_pubs(sampler):
    """A job of PUBs says where it stands, and yields PUBs as they finish."""
    job = sampler.run([asymmetric()] * 3 + [(asymmetric(), None, 2)])
    found = {outcome.index: outcome.outcome().data.low.num_shots for outcome in job}
    assert found == {0: 64, 1: 64, 2: 64, 3: 2}
    assert job.status() is QiskitStatus.DONE
    assert job.done()
    assert job.in_final_state()
    assert not job.running()
    assert not job.cancelled()
    assert job.cancel() is False
    assert len(job) == 4
    assert len({ref.id for ref in job.refs()}) == 4
    assert job.job_id() in repr(job)


async def test_sampling_is_awaited(never_blocks):
    """The awaited sampler gives what the other one does."""
    async with AsyncProvider(qa.LocalClient(seed=1)) as provider:
        sampler = AsyncSampler(await provider.backend(), default_shots=8)
        job = await sampler.run([(counter(3), index_points(3, 8)), asymmetric()])
        indices = [outcome.index async for outcome in job]
        result = await job
        assert sorted(indices) == [0, 1]
        assert await job.status() is QiskitStatus.DONE
    assert [result[0].data.meas.get_counts(i) for i in range(8)] == [
        {f"{index:03b}": 8} for index in range(8)
    ]
    assert len(await job) == 2
