"""Jobs as Qiskit sees them, on the simulator: bits, waiting, finding again."""

from __future__ import annotations

from itertools import product

import anyio
import pytest
from hypothesis import given, strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit, Qubit
from qiskit.exceptions import QiskitError
from qiskit.providers import JobStatus as QiskitStatus, JobV1
from qiskit_aer import AerSimulator

import quantum_async as qa
from quantum_async.errors import DuplicateSubmissionError, InvalidInputError, NotFoundError
from quantum_async.integrations.qiskit import AsyncProvider
from quantum_async.integrations.qiskit.jobs import QISKIT_STATUS, job_id_of, parts_of, together
from quantum_async.integrations.qiskit.results import Words, packed
from quantum_async.models.job import JobRef, JobStatus
from quantum_async.models.result import BitOrder, Register, Result
from tests.integrations.qiskit.circuits import asymmetric, measured


def conditional() -> QuantumCircuit:
    """Measure in mid-circuit, and act on what was measured."""
    circuit = QuantumCircuit(2, 3)
    circuit.x(0)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.x(1)
    circuit.measure(1, 2)
    circuit.reset(0)
    circuit.measure(0, 0)
    return circuit


def scattered() -> QuantumCircuit:
    """Bits outside registers, registers of different widths, and one never measured into."""
    circuit = QuantumCircuit([Qubit(), Qubit()], [Clbit()])
    circuit.add_register(ClassicalRegister(3, "a"), ClassicalRegister(1, "b"))
    circuit.x(1)
    circuit.measure([1, 0, 1], [0, 1, 3])
    return circuit


def test_a_job_is_qiskits(statevector):
    """A job has id, backend, status and result as Qiskit's jobs have."""
    job = statevector.run(asymmetric(), shots=9)
    assert isinstance(job, JobV1)
    assert job.backend() is statevector
    assert job.result(timeout=20).get_counts() == {"0 01": 9}
    assert job.status() is QiskitStatus.DONE
    assert job.done()
    assert job.in_final_state()
    assert not job.cancelled()
    assert not job.running()
    assert [ref.id for ref in job.refs()] == [job.job_id()]
    assert job.job_id() in repr(job)
    with pytest.raises(DuplicateSubmissionError):
        job.submit()


def test_results_say_what_ran(statevector):
    """A result has a part for each circuit, with its name, registers, shots and seed."""
    second = QuantumCircuit(1, 1, name="second", metadata={"my": "note"})
    second.measure(0, 0)
    result = statevector.run([asymmetric(), second], shots=5, seed_simulator=3).result()
    assert result.success
    assert result.backend_name == "statevector"
    assert result.get_counts("asymmetric") == {"0 01": 5}
    assert result.get_counts(second) == {"0": 5}
    assert [part.shots for part in result.results] == [5, 5]
    assert result.results[0].header["creg_sizes"] == [["low", 2], ["high", 1]]
    assert result.results[1].header["metadata"] == {"my": "note"}
    assert result.results[0].seed == 3
    with pytest.raises(QiskitError):
        result.get_memory(0)


@pytest.mark.parametrize("make", [asymmetric, conditional, scattered])
def test_counts_are_those_of_qiskits_own_simulator(statevector, make):
    """Keys, words and memory are the same as Aer's, bit for bit."""
    circuit = make()
    ours = statevector.run(circuit, shots=6, memory=True).result()
    theirs = AerSimulator().run(circuit, shots=6, memory=True).result()
    assert ours.get_counts() == theirs.get_counts()
    assert ours.get_memory() == theirs.get_memory()
    assert ours.data(0)["counts"] == theirs.data(0)["counts"]


def test_many_circuits_are_one_job(statevector):
    """Forty circuits keep their order, and come with one id."""
    circuits = []
    for number in range(40):
        circuit = QuantumCircuit(7, 7)
        for qubit in range(7):
            if number >> qubit & 1:
                circuit.x(qubit)
        circuit.measure(range(7), range(7))
        circuits.append(circuit)
    job = statevector.run(circuits, shots=2)
    found = {index: outcome.counts for index, outcome in job.as_completed()}
    assert found == {number: {f"{number:07b}": 2} for number in range(40)}
    counts = job.result().get_counts()
    assert counts == [{f"{number:07b}": 2} for number in range(40)]


def test_a_job_is_found_again(local, statevector):
    """By its id, with the registers that the provider knows and without circuits."""
    job = statevector.run([asymmetric(), asymmetric()], shots=3)
    for found in (local.retrieve_job(job.job_id()), statevector.retrieve_job(job.job_id())):
        assert found.job_id() == job.job_id()
        assert found.result().get_counts() == [{"0 01": 3}] * 2
        assert found.result().results[1].header["name"] == "circuit-1"
        assert found.status() is QiskitStatus.DONE
    with pytest.raises(QiskitError, match="backend"):
        local.retrieve_job(job.job_id()).backend()


def test_jobs_that_are_not_there(local):
    """An unknown id is an error at once, and so is one that is none."""
    with pytest.raises(NotFoundError, match="knows no job abc"):
        local.retrieve_job("abc")
    for wrong in ("", "a,,b", "a*x"):
        with pytest.raises(InvalidInputError):
            local.retrieve_job(wrong)


def test_waiting_for_the_end(statevector):
    """Waiting for a final state calls back once, with what Qiskit's own gives."""
    seen = []
    job = statevector.run(asymmetric(), shots=3)
    job.wait_for_final_state(timeout=20, callback=lambda *given: seen.append(given))
    assert seen == [(job.job_id(), QiskitStatus.DONE, job)]


async def test_jobs_are_awaited(never_blocks):
    """A job is awaited, or iterated over as its circuits finish."""
    async with AsyncProvider(qa.LocalClient(seed=1)) as provider:
        backend = await provider.get_backend()
        job = await backend.run([asymmetric()] * 5, shots=4)
        outcomes = {index: outcome.counts async for index, outcome in job}
        assert outcomes == {index: {"0 01": 4} for index in range(5)}
        assert (await job).get_counts() == [{"0 01": 4}] * 5
        assert await job.status() is QiskitStatus.DONE
        assert await job.cancel() is False
        assert len(job) == len(await job.refs()) == 5
        again = await provider.retrieve_job(job.job_id())
        assert (await again).get_counts() == [{"0 01": 4}] * 5
        await again.ended(1.0)


async def test_jobs_run_side_by_side():
    """Several tasks use one provider at once."""
    results = {}
    async with AsyncProvider("local") as provider:
        backend = await provider.backend("statevector")

        async def run(place):
            circuit = measured(4).assign_parameters([0.0])
            results[place] = (await (await backend.run(circuit, shots=place + 1))).get_counts()

        async with anyio.create_task_group() as tasks:
            for place in range(20):
                tasks.start_soon(run, place)
    assert {place: sum(counts.values()) for place, counts in results.items()} == {
        place: place + 1 for place in range(20)
    }


def test_every_status_has_a_word():
    """The map of statuses is total, and final exactly where ours is."""
    final = {QiskitStatus.DONE, QiskitStatus.ERROR, QiskitStatus.CANCELLED}
    assert set(QISKIT_STATUS) == set(JobStatus)
    assert {s for s, word in QISKIT_STATUS.items() if word in final} == {
        status for status in JobStatus if status.is_terminal
    }


@pytest.mark.parametrize("statuses", list(product(JobStatus, repeat=2)))
def test_circuits_stand_together(statuses):
    """A job is final once all of its circuits are, and then as bad as the worst of them."""
    found = together(statuses)
    final = {QiskitStatus.DONE, QiskitStatus.ERROR, QiskitStatus.CANCELLED}
    assert (found in final) == all(status.is_terminal for status in statuses)
    if found in final:
        worst = {QISKIT_STATUS[status] for status in statuses}
        order = [QiskitStatus.ERROR, QiskitStatus.CANCELLED, QiskitStatus.DONE]
        assert found is next(status for status in order if status in worst)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 3)), min_size=1), st.booleans())
def test_ids_can_be_taken_apart(parts, counted):
    """An id names every job of the provider once, with its circuits where that is wanted."""
    sizes: dict[str, int] = {}
    refs = []
    for name, circuits in parts:
        for _ in range(circuits):
            refs.append(JobRef("fake", name, index=sizes.get(name, 0)))
            sizes[name] = sizes.get(name, 0) + 1
    found = parts_of(job_id_of(refs, counted=counted))
    assert [name for name, _ in found] == list(sizes)
    assert [count for _, count in found] == [
        size if counted and size > 1 else None for size in sizes.values()
    ]


@st.composite
def results(draw):
    """Draw the result of a circuit with a few registers."""
    widths = draw(st.lists(st.integers(1, 11), min_size=1, max_size=3))
    bits = st.lists(st.sampled_from("01"), min_size=sum(widths), max_size=sum(widths))
    shots = draw(st.lists(bits, min_size=1, max_size=6))
    samples = []
    for shot in shots:
        left, parts = "".join(shot), []
        for width in reversed(widths):
            parts.append(left[:width])
            left = left[width:]
        samples.append(" ".join(parts))
    registers = tuple(Register(f"r{place}", width) for place, width in enumerate(widths))
    counts = {sample: samples.count(sample) for sample in samples}
    known = tuple(samples) if draw(st.booleans()) else None
    return Result(counts, len(samples), BitOrder.QISKIT, registers, samples=known)


@given(results())
def test_bits_are_kept(result):
    """Packed bits and hexadecimal words hold each register's bits, as Qiskit orders them."""
    from qiskit.primitives import BitArray

    for register in result.registers:
        array = BitArray(packed(result, register.name, register.width), register.width)
        assert array.get_counts() == result.register_counts(register.name)
    words = Words(result, None)
    joined = {key.replace(" ", ""): count for key, count in result.counts.items()}
    assert {int(word, 16): n for word, n in words.counts().items()} == {
        int(key, 2): n for key, n in joined.items()
    }
    assert sorted(words.memory()) == sorted(
        word for word, count in words.counts().items() for _ in range(count)
    )


def test_registers_that_share_bits(statevector):
    """A circuit whose registers overlap gives Aer's words all the same."""
    bits = [Clbit() for _ in range(3)]
    circuit = QuantumCircuit(QuantumRegister(2, "q"), bits)
    circuit.add_register(ClassicalRegister(name="ab", bits=bits[:2]))
    circuit.add_register(ClassicalRegister(name="bc", bits=bits[1:]))
    circuit.x(1)
    circuit.measure([0, 1], [0, 2])
    ours = statevector.run(circuit, shots=2).result()
    theirs = AerSimulator().run(circuit, shots=2).result()
    assert ours.data(0)["counts"] == theirs.data(0)["counts"]
