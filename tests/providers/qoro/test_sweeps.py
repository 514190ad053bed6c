"""Sweeps go to the Qoro service as templates: how many requests and how many bytes."""

from __future__ import annotations

import json
import math
import re
from itertools import pairwise, product
from pathlib import Path

import httpx
import pytest
from hypothesis import given, strategies as st
from qiskit import QuantumCircuit, qasm2
from qiskit.circuit import Parameter, ParameterVector

import quantum_async as qa
from quantum_async.http.options import SessionOptions
from quantum_async.http.telemetry import EventHooks
from quantum_async.models.job import JobStatus
from quantum_async.programs.objects import as_program
from quantum_async.providers.qoro.payloads import (
    QoroTemplate,
    Shots,
    TemplateRow,
    chunks,
    filled,
    packed,
)
from quantum_async.providers.qoro.translate.programs import prepared
from quantum_async.providers.qoro.translate.results import label_of
from tests.providers.qoro.service import Service, client
from tests.providers.qoro.test_client import row

QUICK = qa.Limits(min_poll_interval=0.02, max_poll_interval=0.2)


def qaoa(qubits=12, layers=2):
    """MaxCut by QAOA on a ring with chords."""
    edges = [(i, (i + 1) % qubits) for i in range(qubits)]
    edges += [(i, (i + qubits // 2) % qubits) for i in range(qubits // 2)]
    gammas, betas = ParameterVector("g", layers), ParameterVector("b", layers)
    circuit = QuantumCircuit(qubits)
    circuit.h(range(qubits))
    for gamma, beta in zip(gammas, betas, strict=True):
        for one, other in edges:
            circuit.cx(one, other)
            circuit.rz(2 * gamma, other)
            circuit.cx(one, other)
        for qubit in range(qubits):
            circuit.rx(2 * beta, qubit)
    circuit.measure_all()
    return circuit


def uccsd(qubits=8, electrons=4):
    """Singles and doubles by Jordan and Wigner, each Pauli string a ladder of its own."""
    half, occupied = qubits // 2, electrons // 2
    spins = [
        (
            [spin * half + i for i in range(occupied)],
            [spin * half + i for i in range(occupied, half)],
        )
        for spin in (0, 1)
    ]
    found = [(i, a) for below, above in spins for i in below for a in above]
    (up, over), (down, under) = spins
    found += [(i, a, j, b) for i in up for a in over for j in down for b in under]
    angles = ParameterVector("t", len(found))
    circuit = QuantumCircuit(qubits)
    circuit.x([*up, *down])
    for angle, excitation in zip(angles, found, strict=True):
        wires = sorted(excitation)
        pairs = zip(wires[::2], wires[1::2], strict=True)
        ladder = [q for first, last in pairs for q in range(first, last + 1)]
        steps = list(pairwise(ladder))
        for letters in product("xy", repeat=len(wires)):
            if letters.count("y") % 2:
                _string(circuit, wires, letters, steps, angle / 4)
    circuit.measure_all()
    return circuit


def _string(circuit, wires, letters, steps, angle):
    for sign in (1, -1):
        for wire, letter in zip(wires, letters, strict=True):
            if letter == "x":
                circuit.h(wire)
            else:
                circuit.rx(sign * math.pi / 2, wire)
        if sign == 1:
            for step in steps:
                circuit.cx(*step)
            circuit.rz((-1) ** (letters.count("y") // 2) * angle, steps[-1][1])
            for step in reversed(steps):
                circuit.cx(*step)


def bytes_of(circuit, points, moving):
    """Measure a sweep: as a template, as bound circuits, and its values alone.

    Args:
        circuit: The circuit.
        points: How many points.
        moving: How many of its parameters change.
    """
    ready = prepared(as_program(circuit), _values(circuit, 0, moving))
    assert ready.is_template
    rows = tuple(
        TemplateRow(label_of(n, ready.registers), ready.values(_values(circuit, n, moving)))
        for n in range(points)
    )
    template = QoroTemplate(ready.text, ready.names, rows).settled()
    made = chunks([template], Shots(1000))
    sent = sum(len(chunk.content(is_last=False)) for chunk in made)
    text = qasm2.dumps(circuit.assign_parameters(rows[points // 2].values))
    bound = points * (len(packed(text)) + len('"1000":"",'))
    floor = sum(len(json.dumps(row.values, separators=(",", ":"))) for row in template.rows)
    return sent, bound, floor + len(made) * len(packed(template.text))


def _values(circuit, number, moving):
    vectors = {}
    for place, parameter in enumerate(circuit.parameters):
        at = number if place < moving else 0
        value = math.sin(1 + at + 1.7 * place) * math.pi
        vectors.setdefault(parameter.name.partition("[")[0], []).append(value)
    return {name: tuple(values) for name, values in vectors.items()}


ROWS = re.findall(
    r"^\| (QAOA|UCCSD)[^|]*\| (\d+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \| ([\d.]+) \|$",
    (Path(__file__).parents[3] / "docs" / "qoro.md").read_text("utf-8"),
    re.MULTILINE,
)
PROMISED = {("QAOA", 4): 5, ("UCCSD", 2): 20, ("UCCSD", 5): 20, ("UCCSD", 24): 5}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}-{row[2]}")
def test_a_template_sends_a_fraction_of_the_bytes(row):
    """2,000 points: the program and what no point changes travel once, the rest as digits.

    The page on the service has the figures. The floor of the format are the digits of the values
    that change; beyond it are less than 30 bytes a point.
    """
    name, parameters, moving = row[0], int(row[1]), int(row[2])
    circuit = {"QAOA": qaoa, "UCCSD": uccsd}[name]()
    assert len(circuit.parameters) == parameters
    sent, bound, floor = bytes_of(circuit, 2000, moving)
    assert bound / sent >= PROMISED[name, moving], (bound, sent, floor)
    assert sent - floor <= 30 * 2000
    said = [float(figure) for figure in row[3:]]
    assert [bound / 2000, sent / 2000, floor / 2000, bound / sent] == pytest.approx(said, rel=0.03)


async def test_the_figures_are_what_a_scheduler_really_sends():
    """Every body of a sweep counted, those that open its jobs included."""
    service, circuit = Shuffled(), qaoa()
    values = [_values(circuit, n, 4) for n in range(2000)]
    axes = {name: [value[name] for value in values] for name in values[0]}
    async with qa.Scheduler(client(service), limits=QUICK) as scheduler:
        await scheduler.sweep(circuit, qa.zip_points(**axes), shots=1000)
    really = sum(len(r.content) for r in service.requests if r.method == "POST")
    sent, _, _ = bytes_of(circuit, 2000, 4)
    assert len(service.jobs) == 2
    assert really == pytest.approx(sent, rel=0.02)


def test_the_page_has_a_row_for_each_promise():
    """An empty table would pass unnoticed; and no encoding of 24 doubles is 20 times smaller."""
    assert {(row[0], int(row[2])) for row in ROWS} == set(PROMISED)
    [everything] = [row for row in ROWS if row[2] == "24"]
    assert float(everything[3]) < 20 * 24 * 53 / 8


def test_parameters_that_are_always_equal_travel_once():
    """As in a closed shell, where both spins have the same amplitudes."""
    circuit = uccsd()
    ready = prepared(as_program(circuit), _values(circuit, 0, 24))
    names = ready.names
    rows = tuple(
        TemplateRow(str(n), tuple(math.sin(1 + n + place % 12) for place in range(24)))
        for n in range(50)
    )
    template = QoroTemplate(ready.text, names, rows).settled()
    assert template.names == names[:12]
    assert all(len(row.values) == 12 for row in template.rows)


@given(
    st.lists(
        st.tuples(*[st.sampled_from([0.5, -1.25, 1e-7, 0.0, -0.0])] * 3), min_size=1, max_size=5
    )
)
def test_what_no_point_changes_is_put_into_the_program_unchanged(points):
    """Filled with its rows, the smaller template gives the programs of the larger one."""
    text = "rx(a) q[0]; rx(ab*2) q[0]; rx(-(w[1])) q[0]; cx q[0],q[1];"
    names = ("a", "ab", "w[1]")
    rows = tuple(TemplateRow(str(n), values) for n, values in enumerate(points))
    before = QoroTemplate(text, names, rows)
    after = before.settled()
    for first, second in zip(before.rows, after.rows, strict=True):
        assert first.label == second.label
        texts = [
            filled(one.text, dict(zip(one.names, map(repr, row.values), strict=True)))
            for one, row in ((before, first), (after, second))
        ]
        assert texts[0] == texts[1]
    columns = {tuple(map(repr, column)) for column in zip(*points, strict=True)}
    moving = [column for column in columns if len(set(column)) > 1]
    assert len(after.names) == max(1, len(moving))


async def test_a_sweep_of_2000_points_takes_few_requests_and_mixes_nothing_up(sandbox, cloud):
    """Two jobs of a thousand points; each point has its own result."""
    posted = []

    async def note(info):
        posted.append(info)

    client = cloud(options=SessionOptions(hooks=EventHooks(request=[note])))
    points = qa.zip_points(
        **{name: [math.cos(k * n) for n in range(2000)] for k, name in enumerate("abcd", 1)}
    )
    a, b, c, d = (Parameter(name) for name in "abcd")
    circuit = QuantumCircuit(2)
    circuit.rx(a + b, 0)
    circuit.ry(c * d, 1)
    circuit.measure_all()
    async with qa.Scheduler(client, limits=QUICK) as scheduler:
        results = await scheduler.sweep(circuit, points, shots=100)
    assert [point.parameters for point in results] == list(points)
    seen = (await sandbox.stats())["qoro"]
    assert seen["jobs_created"] == 2
    assert seen["requests"]["POST /api/job/init/"] == 2
    assert seen["requests"]["POST /api/job/{id}/add_circuits/"] == 2
    assert seen["requests"]["GET /api/job/{id}/resultsV2/"] == 20
    assert seen["requests"]["GET /api/job/{id}/status/"] <= 30
    assert len(posted) == sum(seen["requests"].values())


async def test_points_that_differ_in_more_than_numbers_share_a_job_as_circuits(sandbox, cloud):
    """A function from parameters to circuits: one job of bound circuits."""

    def program(depth):
        circuit = QuantumCircuit(1)
        for _ in range(int(depth)):
            circuit.x(0)
        circuit.measure_all()
        return circuit

    async with qa.Scheduler(cloud(), limits=QUICK) as scheduler:
        results = await scheduler.sweep(program, qa.grid(depth=list(range(40))), shots=10)
    assert len(list(results)) == 40
    assert (await sandbox.stats())["qoro"]["jobs_created"] == 1


class Shuffled(Service):
    """A service whose results say what each point's number was, and come in any order."""

    def __init__(self):
        super().__init__()
        self.jobs = {}

    def __call__(self, request):
        path = request.url.path.removeprefix("/api/job/").rstrip("/")
        job, _, what = path.partition("/")
        if path == "init":
            self.requests.append(request)
            self.jobs[f"job-{len(self.jobs)}"] = []
            return httpx.Response(201, json={"job_id": list(self.jobs)[-1]})
        if what == "add_circuits":
            for point in json.loads(request.content)["parameter_sets"]:
                shots = abs(round(point["values"][0] * 1000)) or 1
                self.jobs[job].insert(0, row(point["label"], {"1": shots}, 1))
        elif what == "resultsV2":
            self.rows = self.jobs[job]
        return super().__call__(request)


async def test_every_point_of_2000_gets_the_result_of_its_own_parameters():
    """Rows that come back in any order are matched by their labels, in every one of the jobs."""
    service = Shuffled()
    circuit = QuantumCircuit(1)
    circuit.rx(Parameter("t"), 0)
    circuit.measure_all()
    points = qa.grid(t=[n / 1000 for n in range(1, 2001)])
    async with qa.Scheduler(client(service), limits=QUICK) as scheduler:
        results = await scheduler.sweep(circuit, points, shots=9)
    assert len(service.jobs) == 2
    found = [(point.parameters["t"], point.result.counts) for point in results]
    assert found == [(n / 1000, {"1": n}) for n in range(1, 2001)]


async def test_a_job_in_another_process_is_polled_and_fetched_by_its_reference(sandbox, cloud):
    """A reference and the key are all that is needed, registers included."""
    circuit = QuantumCircuit(2, 1)
    circuit.measure(0, 0)
    circuit.measure_all()
    async with qa.Scheduler(cloud(), limits=QUICK) as scheduler:
        job = await scheduler.submit(circuit, shots=10)
        await job
    async with cloud() as other:
        assert (await other.poll([job.ref]))[job.ref].status is JobStatus.SUCCEEDED
        result = await other.fetch(job.ref)
    assert [(r.name, r.width) for r in result.registers] == [("c", 1), ("meas", 2)]
    assert all(len(outcome) == 4 for outcome in result.counts)
