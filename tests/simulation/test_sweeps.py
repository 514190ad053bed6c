"""Circuits that run together: each point as if it were alone."""

from __future__ import annotations

import math
import pickle
import random
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit.library import DiagonalGate, UnitaryGate
from qiskit.quantum_info import Statevector

from quantum_async.errors import DeviceLimitError, InvalidOptionError, ProgramError
from quantum_async.programs.objects import as_program
from quantum_async.simulation.checked import never
from quantum_async.simulation.circuits.vector import StateVector
from quantum_async.simulation.effort import ENDLESS
from quantum_async.simulation.run import Stopped, simulate, simulate_many, validate
from tests.simulation.jobs import job

ANGLES = (Parameter("a"), Parameter("b"), *ParameterVector("v", 2))
TURNS = ("rx", "ry", "rz", "p", "rzz", "rxx", "crx", "cp", "u", "cx", "h", "ccx")
WIDTHS = {"rzz": 2, "rxx": 2, "crx": 2, "cp": 2, "cx": 2, "ccx": 3}
MANY = {"u": 3, "cx": 0, "h": 0, "ccx": 0}


def open_circuit(seed, most=7):
    """A circuit with open angles, linear ones and others."""
    draw = random.Random(seed)
    width = draw.randint(1, most)
    circuit = QuantumCircuit(width)

    def angle():
        one, other = draw.sample(ANGLES, 2)
        return draw.choice([one, 2 * one - 0.1, one + other, one * other, one.sin(), 0.3])

    for _ in range(draw.randint(1, 25)):
        name = draw.choice([n for n in TURNS if WIDTHS.get(n, 1) <= width])
        qubits = draw.sample(range(width), WIDTHS.get(name, 1))
        getattr(circuit, name)(*(angle() for _ in range(MANY.get(name, 1))), *qubits)
    for angle_ in ANGLES:
        circuit.rx(angle_, 0)
    return circuit


def measured(circuit):
    found = circuit.copy()
    found.measure_all()
    return found


def point(program, number, shots=300):
    draw = random.Random(number)
    values = {"a": draw.uniform(-4, 4), "b": draw.uniform(-4, 4)}
    values["v"] = [draw.uniform(-4, 4), draw.uniform(-4, 4)]
    return job(program, shots, values, seed=number)


def together(jobs, device="automatic", checked=None):
    return simulate_many([(one, checked and checked(one)) for one in jobs], device)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.permutations(range(9)), st.sampled_from([1, 2, 7]))
def test_a_point_has_the_counts_that_it_has_alone(seed, order, size):
    """Whatever is beside it, in whichever order and on whichever thread."""
    program = as_program(measured(open_circuit(seed)))
    jobs = [point(program, number) for number in range(9)]
    alone = [simulate(one, "automatic") for one in jobs]
    whole = together(jobs)
    parts: dict[int, object] = {}
    for start in range(0, 9, size):
        some = order[start : start + size]
        found = together([jobs[n] for n in some], checked=lambda one: validate(one, "automatic"))
        parts.update(zip(some, found, strict=True))
    for number, expected in enumerate(alone):
        for other in (whole[number], parts[number]):
            assert other.counts == expected.counts
            assert other.samples == expected.samples


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([3, 4, 15]))
def test_states_do_not_depend_on_their_neighbours_in_any_bit(seed, near):
    """So no random number falls on the other side of a boundary."""
    vector = StateVector.of(measured(open_circuit(seed)), near)
    draw = np.random.default_rng(seed)
    points = [{p: draw.normal() for p in ANGLES} for _ in range(9)]
    whole = list(rows(vector, points))
    for values, expected in zip(points, whole, strict=True):
        assert np.array_equal(next(rows(vector, [values])), expected)


def rows(vector, points):
    angles, failed = vector.angles.of(points)
    assert not failed
    for _, cumulated in vector.cumulated(angles, never):
        yield from cumulated.copy()


def probabilities(vector, points):
    """By point, as Qiskit orders them."""
    width = vector.course.num_qubits
    axes = [vector.course.order.index(qubit) for qubit in reversed(range(width))]
    for row in rows(vector, points):
        yield np.diff(row, prepend=0.0).reshape((2,) * width).transpose(axes).reshape(-1)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([3, 4, 5, 15]))
def test_probabilities_are_those_of_the_state_vector(seed, near):
    """States that fit into a row of memory and states of many rows, for several points."""
    circuit = open_circuit(seed)
    draw = np.random.default_rng(seed)
    points = [{p: draw.normal() for p in ANGLES} for _ in range(3)]
    found = probabilities(StateVector.of(measured(circuit), near), points)
    for one, values in zip(found, points, strict=True):
        expected = Statevector(circuit.assign_parameters(values)).probabilities()
        assert abs(one - expected).max() < 1e-12


def test_a_state_of_many_rows_is_measured_right():
    """Eighteen qubits, turned so that one outcome is certain, in an order that mixes rows."""
    width = 18
    circuit = QuantumCircuit(width, width)
    order = random.Random(1).sample(range(width), width)
    for number, qubit in enumerate(order):
        circuit.ry(math.pi * (number % 3 == 0), qubit)
    for one, other in pairwise(order):
        circuit.rzz(0.3, one, other)
        circuit.cx(one, other)
    circuit.measure(range(width), range(width))
    bits = [0] * width
    for number, qubit in enumerate(order):
        bits[qubit] = int(number % 3 == 0)
    for one, other in pairwise(order):
        bits[other] ^= bits[one]
    key = "".join(map(str, reversed(bits)))
    assert simulate(job(circuit, 20, seed=1), "automatic").counts == {key: 20}


def inverse():
    theta = Parameter("theta")
    circuit = QuantumCircuit(2)
    circuit.ry(1 / theta, 0)
    circuit.ry(theta, 1)
    circuit.measure_all()
    return as_program(circuit)


def test_a_point_that_fails_does_so_alone():
    """No number, no seed, no such value: each is the outcome of its job, the rest is as ever."""
    program = inverse()
    good = [job(program, 200, {"theta": 0.3 * n}, seed=n) for n in (1, 2, 3)]
    bad = [
        job(program, 200, {"theta": 0.0}, seed=1),
        job(program, 200, {"theta": 1.0}, seed=-1),
        job(program, 200, {"phi": 1.0}, seed=1),
    ]
    found = together([good[0], bad[0], good[1], bad[1], bad[2], good[2]])
    for place, one in zip((0, 2, 5), good, strict=True):
        assert found[place].counts == simulate(one, "automatic").counts
    assert isinstance(found[1], ProgramError)
    assert "finite" in str(found[1])
    assert isinstance(found[3], InvalidOptionError)
    assert "phi" in str(found[4])


def test_angles_that_are_too_large_or_complex_fail_alone():
    """What is no finite real number is no angle."""
    theta = Parameter("theta")
    for expression in (theta * 1e308, theta.log()):
        circuit = QuantumCircuit(1)
        circuit.rx(expression, 0)
        circuit.measure_all()
        program = as_program(circuit)
        jobs = [job(program, 10, {"theta": value}, seed=1) for value in (0.5, 100.0, -20.0)]
        found = together(jobs)
        assert [isinstance(one, ProgramError) for one in found].count(True) == 2 - (
            expression == theta.log()
        )
        assert sum(found[0].counts.values()) == 10


def test_jobs_of_different_plans_run_side_by_side():
    """Other programs, observables and ways of Aer stand between the points of a sweep."""
    program = as_program(measured(open_circuit(3)))
    loop = QuantumCircuit(1, 1)
    with loop.for_loop(range(3)):
        loop.x(0)
    loop.measure(0, 0)
    jobs = [
        point(program, 1),
        job(loop, 7, seed=1),
        job(inverse(), 9, {"theta": 1.0}, seed=2),
        point(program, 2),
        job(program, 9, point(program, 1).variables, seed=2, observables=("I" * 7,)),
    ]
    found = together(jobs[:4])
    assert [one.counts for one in found] == [simulate(o, "automatic").counts for o in jobs[:4]]
    assert found[1].counts == {"1": 7}


def test_observables_leave_the_counts_as_they_are():
    """The program decides how it is simulated, not what else is asked of it."""
    program = inverse()
    plain = simulate(job(program, 500, {"theta": 0.7}, seed=4), "automatic")
    more = simulate(job(program, 500, {"theta": 0.7}, seed=4, observables=("ZI",)), "automatic")
    assert plain.counts == more.counts
    assert more.expectation_values["ZI"].value == pytest.approx(math.cos(0.7))
    assert validate(job(program, 1, {"theta": 1.0}, observables=("ZI",)), "automatic").plan is None


def test_a_plan_is_shared_by_a_programs_jobs_alone():
    """Points and shots may differ; programs and devices may not."""
    program = as_program(measured(open_circuit(3)))
    plans = [validate(point(program, n, shots=n), "automatic").plan for n in (1, 2)]
    assert plans[0] == plans[1] is not None
    assert hash(plans[0]) == hash(plans[1])
    assert validate(point(program, 1), "statevector").plan != plans[0]
    assert validate(job(inverse(), 1, {"theta": 1.0}), "automatic").plan != plans[0]
    assert validate(point(program, 1), "density_matrix").plan is None


@pytest.mark.parametrize("device", ["automatic", "statevector", "density_matrix"])
def test_the_metadata_names_what_computed(device):
    """The device, its method, and whether that is ours or Aer's."""
    result = simulate(job(inverse(), 5, {"theta": 1.0}, seed=1), device)
    assert result.metadata["engine"] == ("aer" if device == "density_matrix" else "numpy")
    assert result.metadata["method"] == device.replace("automatic", "statevector")
    assert result.metadata["seed"] == 1
    assert result.metadata["run_time"] > 0


def test_threads_share_a_program():
    """Several threads compute points of one program at a time."""
    program = as_program(measured(open_circuit(11)))
    jobs = [point(program, number) for number in range(24)]
    with ThreadPoolExecutor(4) as executor:
        found = list(executor.map(lambda n: together(jobs[n : n + 3]), range(0, 24, 3)))
    expected = together(jobs)
    assert [one.counts for part in found for one in part] == [one.counts for one in expected]


def test_a_pickled_job_has_the_same_counts():
    """Another process reads the program from its bytes."""
    one = point(as_program(measured(open_circuit(5))), 8)
    other = pickle.loads(pickle.dumps(one))
    assert simulate(other, "automatic").counts == simulate(one, "automatic").counts


@pytest.mark.parametrize("width", [3, 16, 17])
@pytest.mark.parametrize("after", [0, 1, 3])
def test_asking_to_stop_stops(width, after):
    """Before the first step, or between two; nothing is returned."""
    circuit = QuantumCircuit(width)
    circuit.ry(Parameter("theta"), range(width))
    for _ in range(3):
        circuit.rxx(0.1, 0, width - 1)
        circuit.rxx(0.1, 1, 2)
    circuit.measure_all()
    program = as_program(circuit)
    jobs = [job(program, 5, {"theta": 0.1 * n}, seed=n) for n in range(6 if width > 3 else 20_000)]
    asked = iter(range(10**9))
    with pytest.raises(Stopped):
        simulate_many([(one, None) for one in jobs], "automatic", lambda: next(asked) >= after)


def test_asking_to_stop_stops_between_jobs_that_run_alone():
    """What cannot be interrupted is at least not begun."""
    loop = QuantumCircuit(1, 1)
    loop.measure(0, 0)
    loop.x(0)
    asked = iter([False, True])
    with pytest.raises(Stopped):
        simulate_many([(job(loop, 1), None)] * 2, "automatic", lambda: next(asked))


def test_only_what_is_measured_at_the_end_is_computed_so():
    """What is measured is not used again; else Aer goes through every shot."""
    engines = {}
    for name in ("again", "overwritten", "twice", "reset first", "reset later", "condition"):
        circuit = QuantumCircuit(2, 2)
        if name == "reset first":
            circuit.reset(0)
        circuit.h(0)
        if name == "reset later":
            circuit.reset(0)
        circuit.measure(0, 0)
        if name in {"again", "overwritten"}:
            circuit.h(0)
        if name == "overwritten":
            circuit.measure(1, 0)
        if name == "condition":
            with circuit.if_test((0, 1)):
                circuit.x(1)
        circuit.measure(0, 1)
        result = simulate(job(circuit, 400, seed=1), "automatic")
        engines[name] = result.metadata["engine"]
        if name == "twice":
            assert set(result.counts) == {"00", "11"}
        if name == "overwritten":
            assert set(result.counts) == {"00", "10"}
    assert {name for name, engine in engines.items() if engine == "numpy"} == {
        "twice",
        "reset first",
    }


def test_a_bit_that_is_written_twice_holds_the_last_value():
    """The first measurement is forgotten."""
    circuit = QuantumCircuit(2, 1)
    circuit.x(0)
    circuit.measure(0, 0)
    circuit.measure(1, 0)
    result = simulate(job(circuit, 5), "automatic")
    assert (result.counts, result.metadata["engine"]) == ({"0": 5}, "numpy")


@pytest.mark.parametrize("width", [70, 3000])
def test_registers_wider_than_a_number_keep_their_bits(width):
    """Few qubits are measured into far places of a wide register."""
    wide, other = ClassicalRegister(width, "wide"), ClassicalRegister(2, "other")
    circuit = QuantumCircuit(QuantumRegister(3), wide, other)
    circuit.x([0, 2])
    circuit.measure(0, wide[width - 1])
    circuit.measure(1, wide[3])
    circuit.measure(2, other[0])
    result = simulate(job(circuit, 5), "automatic")
    assert result.counts == {"01 1" + "0" * (width - 1): 5}
    assert result.metadata["engine"] == "numpy"


def test_more_outcomes_than_are_kept_are_written_one_by_one():
    """Counts, samples and probabilities agree at sixteen qubits, of which fourteen are measured."""
    circuit = QuantumCircuit(18, 17)
    circuit.h(range(18))
    circuit.measure(range(17), reversed(range(17)))
    result = simulate(job(circuit, 3000, seed=2), "automatic")
    assert len(result.samples) == sum(result.counts.values()) == 3000
    assert {key: result.samples.count(key) for key in list(result.counts)[:50]} == {
        key: result.counts[key] for key in list(result.counts)[:50]
    }
    ones = [sum(key[place] == "1" for key in result.samples) for place in range(17)]
    assert all(abs(one - 1500) < 6 * math.sqrt(750) for one in ones)


def test_gates_of_any_kind_are_computed():
    """Matrices of the user's, diagonals, many controls, gates without angles."""
    circuit = QuantumCircuit(6)
    circuit.h(range(6))
    circuit.append(
        UnitaryGate(np.linalg.qr(np.arange(64).reshape(8, 8) % 7 + np.eye(8))[0]), [4, 1, 3]
    )
    circuit.append(DiagonalGate(np.exp(1j * np.arange(32)).tolist()), [0, 5, 2, 4, 1])
    circuit.mcx([0, 1, 2, 3], 5)
    circuit.mcp(0.3, [1, 2, 3], 4)
    circuit.ecr(0, 3)
    circuit.h(range(6))
    found = probabilities(StateVector.of(measured(circuit)), [{}])
    assert abs(next(found) - Statevector(circuit).probabilities()).max() < 1e-12


def test_a_gate_of_very_many_qubits_is_left_to_aer():
    """Its matrix would be larger than the state."""
    circuit = QuantumCircuit(9)
    circuit.x(range(8))
    circuit.mcx(list(range(8)), 8)
    circuit.measure_all()
    result = simulate(job(circuit, 5), "automatic")
    assert (result.counts, result.metadata["engine"]) == ({"1" * 9: 5}, "aer")


def test_a_job_that_is_too_large_says_what_it_would_need():
    """It is refused before it starts."""
    circuit = QuantumCircuit(50)
    circuit.ry(0.3, range(50))
    circuit.measure_all()
    with pytest.raises(DeviceLimitError, match=r"16,777,216.0 GiB"):
        validate(job(circuit), "statevector")
    with pytest.raises(DeviceLimitError, match="GiB"):
        validate(job(circuit), "density_matrix")


def test_effort_tells_what_keeps_the_interpreters_lock():
    """What Aer runs, be it for an expectation value alone, and what numpy computes without it."""
    circuit = QuantumCircuit(22)
    circuit.ry(0.3, range(22))
    circuit.measure_all()
    plain = validate(job(circuit, 100), "automatic").effort
    observed = validate(job(circuit, 100, observables=("Z" * 22,)), "automatic").effort
    assert plain.grip < 0.001 < plain.seconds < observed.grip


def test_effort_counts_the_turns_of_loops():
    """A loop of many turns is long, and one without a known end should be alone in a process."""

    def looping(turns):
        circuit = QuantumCircuit(1, 1)
        with circuit.for_loop(range(turns)), circuit.for_loop(range(turns)):
            circuit.x(0)
        circuit.measure(0, 0)
        return validate(job(circuit, 10), "automatic").effort

    few, many = looping(3), looping(300)
    assert many.seconds > 100 * few.seconds
    assert not few.is_private
    endless = QuantumCircuit(1, 1)
    with endless.while_loop((0, 0)):
        endless.h(0)
        endless.measure(0, 0)
    effort = validate(job(endless), "automatic").effort
    assert effort.is_private
    assert effort.seconds == effort.grip == ENDLESS
    assert looping(10**5).is_private
