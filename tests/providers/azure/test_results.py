"""Outputs of circuits on Azure: what is understood is right, and everything else is quoted."""

from __future__ import annotations

import json
import random
from uuid import uuid4

import pytest
from hypothesis import given, strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit, Instruction
from qiskit.circuit.classical import expr

import quantum_async as qa
from quantum_async.errors import ResultError, UnsupportedProgramError
from quantum_async.models.job import JobRef
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.models.result import Register
from quantum_async.models.submission import JobSpec
from quantum_async.programs.objects import as_program
from quantum_async.providers.azure.jobs import JobOutput
from quantum_async.providers.azure.options import AzureOptions, CircuitForm
from quantum_async.providers.azure.translate.payloads import payload_of
from quantum_async.providers.azure.translate.results import Note, result_of
from quantum_async.providers.azure.wire import AzureJob
from quantum_async.sandbox.handle import BlockingSandbox

V1, V2 = "microsoft.quantum-results.v1", "microsoft.quantum-results.v2"
IONQ, QUANTINUUM, QUIL = (
    "ionq.quantum-results.v1",
    "honeywell.quantum-results.v1",
    "rigetti.quil-results.v1",
)
NATIVE = AzureOptions(form=CircuitForm.NATIVE)
H2 = "quantinuum.sim.h2-1e"
REF = JobRef("azure", "job-1", "quantinuum.qpu.h2-1")


@pytest.fixture(scope="module")
def simulating():
    """A sandbox that runs circuits."""
    with BlockingSandbox(job_time=0.01, parallel=True, workers=1, services=("azure",)) as found:
        yield found


@pytest.fixture
def azure(simulating):
    """Make a client of it."""
    env = simulating.env("azure")
    return lambda: qa.AzureClient.from_env(env)


def read(document, format: str, **more):
    described = {
        "id": "job-1",
        "target": REF.target,
        "outputDataFormat": format,
        "inputParams": {"shots": 100},
        **more,
    }
    return result_of(json.dumps(document).encode(), AzureJob.model_validate(described), REF)


def payload(circuit, target: str = H2, options=NATIVE):
    spec = JobSpec(uuid4().hex, as_program(circuit), 100, options=options)
    return payload_of(spec, target, in_session=False, num_qubits=None)


def v2(*buckets, shots: bool = True) -> dict:
    entry = {
        "Histogram": [{"Outcome": o, "Display": d, "Count": n} for o, d, n in buckets],
        **({"Shots": [o for o, _, n in buckets for _ in range(n)]} if shots else {}),
    }
    return {"DataFormat": V2, "Results": [entry]}


def v1(*buckets) -> dict:
    total = sum(n for _, _, n in buckets)
    return {"Histogram": [part for _, d, n in buckets for part in (d, n / total)]}


def items(*parts) -> dict:
    return {f"Item{place}": part for place, part in enumerate(parts, start=1)}


UNDERSTOOD = {
    # What is listed, what is displayed, and the key of the vendor's own Qiskit job.
    "bit": (1, "1", "1"),
    "array": ([0, 1, 1], "[0, 1, 1]", "011"),
    "tuple": (items(1, 1), "(1, 1)", "1 1"),
    "nested": (items(items(0, 1), 1), "((0, 1), 1)", "0 1 1"),
    "arrays in a tuple": (items([0], [1, 1]), "([0], [1, 1])", "0 11"),
    "a bit and an array": (items(0, [1, 0]), "(0, [1, 0])", "0 10"),
    "arrays in an array": ([[0], [1, 0]], "[[0], [1, 0]]", "0 10"),
    "tuples in an array": ([items(0, 1), items(1, 1)], "[(0, 1), (1, 1)]", "0 1 1 1"),
    "eleven": (items(*[0] * 9, 1, 1), "(0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1)", "0 0 0 0 0 0 0 0 0 1 1"),
}
STRANGE = {
    "number": (3, "3"),
    "larger number": (10, "10"),
    "negative number": (-1, "-1"),
    "result and number": (items(1, 5), "(1, 5)"),
    "result and fraction": (items(1, 0.25), "(1, 0.25)"),
    "fraction": (0.25, "0.25"),
    "truth": (True, "True"),
    "truths": ([True, False], "[True, False]"),
    "text": ("abc", "abc"),
    "unit": ({}, "()"),
    "unit in a tuple": (items({}, 1), "((), 1)"),
    "no tuple": ({"Item1": 0, "Item3": 1}, "{0, 1}"),
    "mixed array": ([0, [1]], "[0, [1]]"),
    "deep": ("(" * 50, "(" * 50),
    "no outcome": (None, ""),
    "set": ("{1}", "{1}"),
}


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_versions_1_and_2_give_one_register_for_each_item(name):
    """As the vendor's own Qiskit job does, whether shots are listed, counted or displayed."""
    listed, shown, key = UNDERSTOOD[name]
    bucket = (listed, shown, 100)
    for document, form in (
        (v2(bucket), V2),
        (v2(bucket, shots=False), V2),
        (v2((shown, shown, 100)), V2),
        (v1(bucket), V1),
    ):
        found = read(document, form)
        assert (found.counts, found.shots) == ({key: 100}, 100)
        assert [r.width for r in reversed(found.registers)] == list(map(len, key.split(" ")))


@pytest.mark.parametrize("name", STRANGE)
def test_what_is_no_outcome_is_quoted_in_both_versions(name):
    """Numbers, Booleans, text and nothing are neither bits nor losses, however rare they are."""
    listed, shown = STRANGE[name]
    buckets = [(0, "0", 4), (1, "1", 3), (listed, shown, 1)]
    for document, form, quote in (
        (v2(*buckets), V2, listed),
        (v2(*buckets, shots=False), V2, listed),
        (v1(*buckets), V1, shown),
    ):
        with pytest.raises(ResultError) as caught:
            read(document, form)
        assert repr(quote) in str(caught.value)


def test_numbers_from_0_to_3_are_no_losses():
    """A program of one's own that returns a number: 2 would be a lost qubit beside bits alone."""
    buckets = [(0, "0", 4), (1, "1", 3), (2, "2", 2), (3, "3", 1)]
    for document, form in ((v2(*buckets), V2), (v1(*buckets), V1)):
        with pytest.raises(ResultError, match=r"3'? is no outcome of qubits"):
            read(document, form)


LOST = {
    "two": ([0, 2], "[0, 2]"),
    "minus": ([0, "-"], "[0, -]"),
    "error": ({"Error": {"Code": "0x20", "Name": "x"}}, "Error 0x20: x"),
}


@pytest.mark.parametrize("name", LOST)
def test_only_what_the_service_calls_a_loss_is_one(name):
    """It is left out and counted, the same from both versions."""
    buckets = [([0, 1], "[0, 1]", 60), (*LOST[name], 40)]
    for document, form in ((v2(*buckets), V2), (v2(*buckets, shots=False), V2), (v1(*buckets), V1)):
        found = read(document, form)
        assert (found.counts, found.shots, found.metadata["lost_shots"]) == ({"01": 60}, 60, 40)


def test_a_lost_qubit_within_a_tuple_is_a_loss():
    """However deep it stands."""
    buckets = [(items(0, [1, 1]), "(0, [1, 1])", 50), (items(0, [1, "-"]), "(0, [1, -])", 50)]
    for document, form in ((v2(*buckets), V2), (v1(*buckets), V1)):
        assert read(document, form).counts == {"0 11": 50}


def test_bits_without_brackets_are_told_from_numbers():
    """``01`` is no number, and what stands beside it is none either."""
    assert read(v1((0, "01", 50), (0, "10", 50)), V1).counts == {"01": 50, "10": 50}
    assert read(v1((0, "01-0", 50), (0, "1011", 50)), V1).counts == {"1011": 50}
    assert read(v1((0, "0 11", 50), (0, "1 10", 50)), V1).counts == {"0 11": 50, "1 10": 50}
    with pytest.raises(ResultError, match="'11' may be a number"):
        read(v1((0, "11", 1)), V1)


BROKEN = {
    "shapes": (v2(([0, 1], "", 1), ([0], "", 1)), V2, "'01' and '0' are not of the same registers"),
    "registers": (
        v2((items([0], [1, 1]), "", 1), (items([0, 1], [1]), "", 1)),
        V2,
        "'0 11' and '01 1' are not of the same",
    ),
    "sums": (
        {"Results": [{"Histogram": [{"Outcome": [0], "Count": 2}], "Shots": [[0]]}]},
        V2,
        "counts 2 shots otherwise than its list of 1",
    ),
    "others": (
        {"Results": [{"Histogram": [{"Outcome": [0], "Count": 1}], "Shots": [[1]]}]},
        V2,
        "otherwise",
    ),
    "negative": ({"Results": [{"Histogram": [{"Outcome": [0], "Count": -1}]}]}, V2, "not -1"),
    "textual": ({"Results": [{"Histogram": [{"Outcome": [0], "Count": "1"}]}]}, V2, "not '1'"),
    "nothing": ({"Results": [{"Histogram": [], "Shots": []}]}, V2, "no outcome"),
    "half": ({"Histogram": ["[0]", 0.25, "[1]", 0.25]}, V1, "add up to 0.5"),
    "more": ({"Histogram": ["[0]", 0.75, "[1]", 0.75]}, V1, "add up to 1.5"),
    "no text": ({"Histogram": [0, 0.5, 1, 0.5]}, V1, "not 0"),
    "no share": ({"Histogram": ["[0]", "1.0"]}, V1, "not '1.0'"),
    "ionq sum": ({"histogram": {"0": 0.25}}, IONQ, "add up to 0.25"),
    "ionq key": ({"histogram": {"0b1": 1.0}}, IONQ, "not '0b1'"),
    "ionq negative": ({"histogram": {"0": -1.0, "1": 2.0}}, IONQ, "not -1.0"),
    "quantinuum letter": ({"c": ["0", "2"]}, QUANTINUUM, "'c' holds '2'"),
    "quantinuum number": ({"c": [0, 1]}, QUANTINUUM, "'c' holds 0"),
    "quantinuum register": ({"c": ["0"], "d": 7}, QUANTINUUM, "'d' is 7"),
    "quantinuum widths": ({"c": ["0", "01"]}, QUANTINUUM, "both '0' and '01'"),
    "rigetti widths": ({"ro": [[0], [0, 1]]}, QUIL, "both '0' and '01'"),
    "rigetti value": ({"ro": [[0.5]]}, QUIL, "not 0.5"),
    "rigetti lengths": ({"a": [[0]], "b": [[0], [1]]}, QUIL, "same number of shots"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_an_output_that_contradicts_itself_is_quoted(name):
    """Shapes, sums, shares and letters of every vendor."""
    document, form, said = BROKEN[name]
    with pytest.raises(ResultError) as caught:
        read(document, form, metadata={"num_qubits": "2"})
    assert said in str(caught.value)
    assert caught.value.job_id == "job-1"


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({"num_qubits": "two"}, "'two'"),
        ({}, "''"),
        ({"num_qubits": "2", "meas_map": "[0, 5]"}, "qubit 5"),
        ({"num_qubits": "2", "meas_map": "[0, oops]"}, "oops"),
        ({"num_qubits": "2", "meas_map": "[0, -1]"}, "-1"),
        ({"num_qubits": "2", "quantum_async": '{"oops'}, "oops"),
        ({"num_qubits": "2", "quantum_async": "zlib:@"}, "zlib:@"),
        ({"num_qubits": "2", "quantum_async": '{"registers":[["c",2]],"qubits":[0]}'}, "2 bits"),
    ],
)
def test_metadata_that_cannot_be_read_orders_no_bits(metadata, said):
    """Whose bits stand where is never guessed."""
    with pytest.raises(ResultError) as caught:
        read({"histogram": {"1": 1.0}}, IONQ, metadata=metadata)
    assert said in str(caught.value)


def test_shares_without_shots_are_no_counts():
    """Nothing says how many there were."""
    for document, form in (({"histogram": {"1": 1.0}}, IONQ), (v1((1, "[1]", 1)), V1)):
        with pytest.raises(ResultError, match="of how many shots"):
            read(document, form, metadata={"num_qubits": "1"}, inputParams={})


def wide(second: int = 3) -> QuantumCircuit:
    """Registers of 2,100 and a few bits, the second one measured into in part."""
    circuit = QuantumCircuit(2, name="wide")
    circuit.add_register(ClassicalRegister(2100, "a"), ClassicalRegister(second, "b"))
    circuit.x(0)
    circuit.measure(0, circuit.cregs[1][1])
    circuit.measure(1, circuit.cregs[0][0])
    return circuit


@pytest.mark.parametrize("target", ["quantinuum.sim.h2-1e", "rigetti.sim.qvm", "ionq.simulator"])
@pytest.mark.parametrize("form", CircuitForm)
async def test_bits_of_wide_registers_stay_where_they_are(azure, target, form):
    """What a result needs is stored with the job, however many bits there are."""
    async with qa.Scheduler(azure()) as scheduler:
        job = await scheduler.submit(
            wide(), shots=3, on=f"azure:{target}", options=AzureOptions(form=form)
        )
        found = await job
    assert found.counts == {"010 " + "0" * 2100: 3}


@pytest.mark.parametrize("target", [H2, "rigetti.qpu.cepheus-1-108q", "ionq.simulator"])
def test_what_cannot_be_noted_is_refused_before_it_is_sent(target):
    """A note that would be dropped would move bits."""
    circuit = QuantumCircuit(1)
    chance = random.Random(1)
    circuit.add_register(*(ClassicalRegister(1, f"r{chance.getrandbits(99)}") for _ in range(900)))
    circuit.measure(0, 0)
    with pytest.raises(UnsupportedProgramError, match="of metadata"):
        payload(circuit, target)


@given(
    st.lists(
        st.tuples(st.text(min_size=1, max_size=9), st.lists(st.integers(-1, 99), max_size=90)),
        min_size=1,
        max_size=9,
    )
)
def test_a_note_gives_back_registers_and_places(registers):
    """Short or packed."""
    note = Note(
        tuple(Register(name, len(places)) for name, places in registers),
        tuple(place for _, places in registers for place in places),
    )
    words = note.words()
    assert Note.read(words, "job-1") == note
    assert all(len(word) <= 4000 for word in words.values())


def strangely_named() -> QuantumCircuit:
    """Registers that OpenQASM cannot name, a condition on one, and a bit beside them."""
    names = ["é", "measure", "my reg", "x", "pi"]
    registers = [ClassicalRegister(2, name) for name in names]
    loose = Clbit()
    circuit = QuantumCircuit(QuantumRegister(4, "if"), *registers, [loose])
    circuit.x(0)
    for place, register in enumerate(registers[:3]):
        circuit.measure(0, register[place % 2])
    circuit.measure(0, loose)
    with circuit.if_test((registers[2], 1)):
        circuit.x(1)
    with circuit.if_test((loose, 0)) as otherwise:
        circuit.x(2)
    with otherwise:
        circuit.rzz(0.5, 0, 2)
        circuit.x(3)
    circuit.measure(1, registers[3][1])
    circuit.measure(2, registers[4][0])
    circuit.measure(3, registers[4][1])
    return circuit


async def test_quantinuums_registers_may_be_called_anything(azure):
    """Conditions and loose bits included: the counts and registers are those of the simulator."""
    async with qa.Scheduler(qa.LocalClient(), azure()) as scheduler:
        here = await (await scheduler.submit(strangely_named(), shots=7, on="local"))
        there = await (
            await scheduler.submit(strangely_named(), shots=7, on=f"azure:{H2}", options=NATIVE)
        )
    assert here.counts == {"1 10 10 01 10 01": 7}
    assert (there.counts, there.registers) == (here.counts, here.registers)
    sampled = there.to_qiskit()[0].data
    assert {name: getattr(sampled, name).get_counts() for name in sampled} == {
        "é": {"01": 7},
        "measure": {"10": 7},
        "my reg": {"01": 7},
        "x": {"10": 7},
        "pi": {"10": 7},
        "bits": {"1": 7},
    }


async def test_the_forms_of_one_circuit_give_the_same(azure):
    """QIR, Quantinuum's own format and the simulator, with registers of any name."""
    circuit = QuantumCircuit(3)
    circuit.add_register(*(ClassicalRegister(2, name) for name in ("é", "creg", "a b")))
    circuit.add_bits([Clbit()])
    circuit.x([0, 2])
    circuit.measure([0, 1, 2, 0], [1, 2, 5, 6])
    found = []
    async with qa.Scheduler(qa.LocalClient(), azure()) as scheduler:
        found.append(await (await scheduler.submit(circuit, shots=5, on="local")))
        for form in CircuitForm:
            options = AzureOptions(form=form)
            job = await scheduler.submit(circuit, shots=5, on=f"azure:{H2}", options=options)
            found.append(await job)
    assert [(f.counts, f.registers) for f in found[1:]] == [
        (found[0].counts, found[0].registers)
    ] * 2
    assert found[0].counts == {"1 10 00 10": 5}


def test_quantinuum_is_sent_legal_names():
    """Whatever the circuit calls its registers; bits that nothing is measured into are left out."""
    text = payload(strangely_named()).content.decode()
    assert [line for line in text.splitlines() if "reg " in line] == [
        "qreg q[4];",
        "creg c0[2];",
        "creg c1[1];",
        "creg c2[1];",
        "creg c3[1];",
        "creg c4[1];",
        "creg c5[2];",
    ]
    assert "if (c0 == 1) x q[1];" in text
    assert [line for line in text.splitlines() if line.startswith("if (c1")][:2] == [
        "if (c1 == 0) x q[2];",
        "if (c1 == 1) rzz(0.5) q[0], q[2];",
    ]


@pytest.mark.parametrize("target", ["ionq.simulator", "rigetti.sim.qvm", H2])
@pytest.mark.parametrize("form", CircuitForm)
def test_no_operation_is_written_by_its_name(target, form):
    """What a writer does not know is refused, though a transpiler would leave it."""
    circuit = QuantumCircuit(1, 1)
    circuit.append(Instruction("oracle", 1, 0, []), [0])
    circuit.measure(0, 0)
    with pytest.raises(UnsupportedProgramError, match="oracle"):
        payload(circuit, target, AzureOptions(form=form))


def decided(build) -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.measure(0, 0)
    build(circuit)
    circuit.measure([0, 1], [0, 1])
    return circuit


def nested(circuit):
    with circuit.if_test((0, 1)), circuit.if_test((1, 1)):
        circuit.x(0)


def both(circuit):
    with circuit.if_test((0, 1)):
        circuit.x(0)
    with circuit.if_test((circuit.cregs[0], 1)):
        circuit.x(0)


def otherwise(circuit):
    with circuit.if_test((circuit.cregs[0], 1)) as other:
        circuit.x(0)
    with other:
        circuit.x(1)


def changing(circuit):
    with circuit.if_test((0, 1)):
        circuit.measure(1, 0)
        circuit.x(0)


def looped(circuit):
    with circuit.for_loop(range(2)):
        circuit.x(0)


def never(circuit):
    with circuit.if_test((circuit.cregs[0], 4)):
        circuit.x(0)


def larger(circuit):
    with circuit.if_test(expr.less(circuit.cregs[0], 3)):
        circuit.x(0)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (lambda c: expr.equal(c.cregs[0], 2), "if (c0 == 2) x q[0];"),
        (lambda c: expr.lift(c.clbits[0]), "if (c0 == 1) x q[0];"),
        (lambda c: expr.logic_not(c.clbits[0]), "if (c0 == 0) x q[0];"),
        (lambda c: (c.clbits[0], False), "if (c0 == 0) x q[0];"),
    ],
    ids=["equal", "bit", "not", "pair"],
)
def test_conditions_may_be_written_as_expressions(condition, said):
    """As Qiskit's importers write them."""

    def build(circuit):
        with circuit.if_test(condition(circuit)):
            circuit.x(0)

    assert said in payload(decided(build)).content.decode().splitlines()


@pytest.mark.parametrize("build", [nested, both, otherwise, changing, looped, never, larger])
def test_decisions_that_openqasm_2_cannot_say_are_refused(build):
    """Rather than sent as others."""
    with pytest.raises(UnsupportedProgramError, match="OpenQASM 2 cannot say this circuit"):
        payload(decided(build))


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"c0": ["0"], "c": ["0"]}, "c1"),
        ({"c0": ["0"]}, "1 bits that were sent|2 bits that were sent"),
        ({"c0": ["0"], "c1": ["0"], "c2": ["0"]}, "bits that were sent"),
    ],
)
def test_other_registers_than_were_sent_are_quoted(document, said):
    """Bits are placed by the registers that were sent, and by nothing else."""
    circuit = QuantumCircuit(
        QuantumRegister(2), ClassicalRegister(1, "a"), ClassicalRegister(1, "b")
    )
    circuit.measure([0, 1], [0, 1])
    with pytest.raises(ResultError, match=said):
        read(document, QUANTINUUM, metadata=dict(payload(circuit).metadata))


QIR = """define void @ENTRYPOINT__main() #0 {{
  call void @__quantum__qis__x__body(%Qubit* inttoptr (i64 1 to %Qubit*))
  call void @__quantum__qis__m__body(%Qubit* null, %Result* null)
  call void @__quantum__qis__m__body(%Qubit* inttoptr (i64 1 to %Qubit*), %Result* inttoptr (i64 1 to %Result*))
{records}
  ret void
}}
"""
CALL = "  call void @__quantum__rt__{}_record_output({}, i8* null)"
R0, R1 = (
    CALL.format("result", "%Result* null"),
    CALL.format("result", "%Result* inttoptr (i64 1 to %Result*)"),
)


def own(*records: str) -> Program:
    return Program(QIR.format(records="\n".join(records)), ProgramFormat.QIR, "own")


@pytest.mark.parametrize(
    ("records", "key"),
    [
        ([CALL.format("tuple", "i64 2"), R0, R1], "0 1"),
        ([CALL.format("tuple", "i64 2"), CALL.format("tuple", "i64 2"), R0, R1, R1], "0 1 1"),
        ([CALL.format("tuple", "i64 2"), CALL.format("array", "i64 2"), R0, R1, R1], "01 1"),
        ([CALL.format("array", "i64 2"), R0, R1], "01"),
    ],
)
async def test_programs_of_ones_own_have_a_register_for_each_item(azure, records, key):
    """QIR with tuples, from a service that lists them as what they are."""
    async with qa.Scheduler(azure()) as scheduler:
        found = await (await scheduler.submit(own(*records), shots=4, on=f"azure:{H2}"))
    assert found.counts == {key: 4}


@pytest.mark.parametrize(
    ("kind", "value", "quote"),
    [("int", "i64 5", "5"), ("double", "double 0.25", "0.25"), ("bool", "i1 true", "True")],
)
async def test_programs_of_ones_own_that_return_numbers_are_errors(azure, kind, value, quote):
    """The error quotes the outcome, and the output can be read as the service displays it."""
    program = own(CALL.format("tuple", "i64 2"), R1, CALL.format(kind, value))
    async with azure() as client, qa.Scheduler(client) as scheduler:
        job = await scheduler.submit(program, shots=4, on=f"azure:{H2}")
        with pytest.raises(ResultError, match=f"'Item2': {quote}"):
            await job
        output = await client.jobs.output(job.ref.id)
    assert output.histogram() == [{f"(1, {quote})": 4}]


def test_an_output_without_shots_or_displays_does_not_list_them():
    """Neither is an empty list."""
    document = {"DataFormat": V2, "Results": [{"Histogram": [{"Outcome": [7], "Count": 1}]}]}
    output = JobOutput(json.dumps(document).encode(), V2, "job-1")
    with pytest.raises(ResultError, match="lists no shots"):
        output.shots()
    with pytest.raises(ResultError, match=r"display the outcome \[7\]"):
        output.histogram()
