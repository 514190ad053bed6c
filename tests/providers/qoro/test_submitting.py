"""From a scheduler's jobs to one job of the service: options, limits, defaults."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from random import Random

import anyio
import httpx
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

import quantum_async as qa
from quantum_async.errors import (
    AuthenticationError,
    DeviceLimitError,
    InvalidInputError,
    InvalidOptionError,
    InvalidShotsError,
    LostAnswerError,
    NoMeasurementError,
    NotSentError,
    PermissionDeniedError,
    ProgramSyntaxError,
    RateLimitedError,
    UnknownTargetError,
    UnsupportedProgramError,
)
from quantum_async.models.device import DeviceStatus
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.models.submission import JobSpec, RunOptions, SubmitRequest
from quantum_async.programs.objects import as_program
from quantum_async.providers.qoro.options import (
    DeviceConfig,
    ExecutionConfig,
    JobConfig,
    MaestroConfig,
    QoroOptions,
)
from quantum_async.providers.qoro.payloads import (
    QoroCircuit,
    QoroTemplate,
    TemplateRow,
    execution_config,
)
from quantum_async.providers.qoro.systems import device_of
from quantum_async.providers.qoro.wire import QoroSystem
from tests.providers.qoro.service import JOB, client, unpacked
from tests.providers.qoro.test_client import row

INIT, ADD, CANCEL, STATUS = "/job/init/", "/add_circuits/", "/cancel/", "/status/"
BELL = "OPENQASM 2.0; qreg q[2]; creg c[2]; h q[0]; cx q[0],q[1]; measure q -> c;"
PROGRAM = Program(BELL, ProgramFormat.QASM2)
SILENT = Program("OPENQASM 2.0; qreg q[2]; h q[0];", ProgramFormat.QASM2)


def request(*jobs, target="qoro_maestro"):
    """A submission as the scheduler makes it."""
    return SubmitRequest("key", target, jobs)


def spec(**changes):
    """A job of a scheduler."""
    return replace(JobSpec("job", PROGRAM, 10), **changes)


async def test_jobs_with_different_shots_share_a_job(service, qoro):
    """Neighbours with equal shots are one range."""
    jobs = [spec(key=str(n), shots=shots) for n, shots in enumerate([5, 5, 7, 5])]
    refs = await qoro.submit(request(*jobs))
    assert [ref.index for ref in refs] == [0, 1, 2, 3]
    assert service.bodies(ADD)[0]["shot_groups"] == [[0, 2, 5], [2, 3, 7], [3, 4, 5]]


async def test_options_of_any_provider_and_our_own(service, qoro):
    """A seed and observables of the common options; what is ours beside them."""
    options = RunOptions(seed=7, observables=("IZ", "XX"), tags=("exp", "two"))
    await qoro.submit(request(spec(program=SILENT, options=options)))
    opening, body = service.bodies(INIT)[0], service.bodies(ADD)[0]
    assert opening["tag"] == "exp two quantum-async:key"
    assert opening["maestro_config"] == {"seed": 7}
    assert opening["job_type"] == "EXPECTATION"
    assert unpacked(body["observables"].partition(":")[2]) == "Z0;X0X1"
    ours = QoroOptions(
        maestro=MaestroConfig(max_bond_dimension=4),
        execution=ExecutionConfig(bond_dimension=8),
        use_packing=True,
    )
    await qoro.submit(request(spec(options=ours)))
    opening = service.bodies(INIT)[1]
    assert opening["use_packing"] is True
    assert opening["maestro_config"] == {"max_bond_dimension": 4}
    assert opening["execution_configuration"] == {"bond_dimension": 8}


@pytest.mark.parametrize("variables", [{}, {"t": 0.5}], ids=["circuit", "template"])
@pytest.mark.parametrize("made", [True, False], ids=["qiskit", "text"])
async def test_observables_are_of_the_state_before_the_measurements(service, qoro, made, variables):
    """The service's simulator would take them of what is left after one run of these."""
    angle = Parameter("t") if variables else 0.5
    circuit = QuantumCircuit(2)
    circuit.rx(angle, 0)
    circuit.measure_all()
    text = (
        f"OPENQASM 2.0; qreg q[2]; creg c[2]; rx({'t' if variables else 0.5}) q[0]; measure q -> c;"
    )
    program = as_program(circuit if made else text)
    options = RunOptions(observables=("XX",))
    await qoro.submit(request(spec(program=program, variables=variables, options=options)))
    await qoro.submit(request(spec(program=program, variables=variables)))
    sent = [
        unpacked(body["circuit_template"] if variables else next(iter(body["circuits"].values())))
        for body in service.bodies(ADD)
    ]
    assert ["rx" in one for one in sent] == [True, True]
    assert ["measure" in one for one in sent] == [False, True]


async def test_points_of_several_texts_share_a_job_with_their_values(service, qoro):
    """Where they are no points of one template, each is sent with its own values put in."""
    texts = [
        f"OPENQASM 2.0; qreg q[1]; creg c[1]; {gate}(t) q[0]; measure q -> c;"
        for gate in ("rx", "ry")
    ]
    jobs = [
        spec(program=Program(text, ProgramFormat.QASM2), key=text, variables={"t": -0.5})
        for text in texts
    ]
    await qoro.submit(request(*jobs))
    [body] = service.bodies(ADD)
    sent = [unpacked(text) for text in body["circuits"].values()]
    assert ["rx(-0.5) q[0];" in text for text in sent] == [True, False]
    assert ["ry(-0.5) q[0];" in text for text in sent] == [False, True]


async def test_vectors_of_another_length_are_another_template(service, qoro):
    """A value that the text has no place for is told, and not left out."""
    text = "OPENQASM 2.0; qreg q[1]; creg c[1]; rx(w[0]) q[0]; measure q -> c;"
    program = Program(text, ProgramFormat.QASM2)
    await qoro.submit(request(spec(program=program, variables={"w": (1.0,)})))
    for values in ((1.0, 2.0), ()):
        with pytest.raises(InvalidInputError):
            await qoro.submit(request(spec(program=program, variables={"w": values})))
    assert len(service.asked("POST", INIT)) == 1


async def test_defaults_of_a_client_go_where_they_fit(service):
    """A simulator's defaults are no obstacle on a quantum computer, nor the other way round."""
    defaults = JobConfig(
        target="gpu_cluster",
        maestro=MaestroConfig(max_bond_dimension=4, more={"precision": "double"}),
        execution=ExecutionConfig(bond_dimension=8),
        device=DeviceConfig({"transpile_level": 1}),
    )
    async with client(service, defaults=defaults) as opened:
        assert opened.default_device(PROGRAM) == "gpu_cluster"
        ours = QoroOptions(maestro=MaestroConfig(seed=1, more={"gate_fusion": True}))
        await opened.submit(request(spec(options=ours)))
        await opened.submit(request(spec(), target="lab_qpu"))
    first, second = service.bodies(INIT)
    assert first["maestro_config"] == {
        "max_bond_dimension": 4,
        "seed": 1,
        "precision": "double",
        "gate_fusion": True,
    }
    assert second["device_config"] == {"TRANSPILE_LEVEL": 1}
    assert not {"maestro_config", "execution_configuration"} & set(second)


@pytest.mark.parametrize(
    ("changes", "device", "kind"),
    [
        ({"shots": 0}, "qoro_maestro", InvalidShotsError),
        ({"shots": True}, "qoro_maestro", InvalidShotsError),
        ({"program": SILENT}, "qoro_maestro", NoMeasurementError),
        ({"options": RunOptions(observables=("Z",))}, "qoro_maestro", InvalidOptionError),
        ({"options": RunOptions(observables=("ZZ",))}, "lab_qpu", InvalidOptionError),
        ({"options": QoroOptions(maestro=MaestroConfig())}, "lab_qpu", InvalidOptionError),
        ({}, "nowhere", UnknownTargetError),
    ],
    ids=range(7),
)
async def test_what_cannot_run_is_refused_before_anything_is_sent(
    service, qoro, changes, device, kind
):
    """Only the lists of targets may be asked for."""
    with pytest.raises(kind):
        await qoro.validate(spec(**changes), device)
    assert {route.partition(" ")[0] for route in service.routes} <= {"GET"}


async def test_a_circuit_that_is_too_wide_is_refused(service, qoro):
    """The error says how many qubits there are."""
    circuit = QuantumCircuit(6, 1)
    circuit.measure(0, 0)
    with pytest.raises(DeviceLimitError, match="6 qubits and lab_qpu has 5"):
        await qoro.validate(spec(program=as_program(circuit)), "lab_qpu")


def test_only_circuits_have_a_default_target():
    """The error says what runs there."""
    pulses = Program("{}", ProgramFormat.PULSER)
    with pytest.raises(UnknownTargetError, match="no target of the Qoro service runs"):
        qa.QoroClient(api_key="k").default_device(pulses)


async def test_programs_are_prepared_once_and_not_kept_for_ever(service, qoro):
    """A hundred programs after it, the first one is read again, and is the same."""
    texts = [BELL.replace("h q[0];", f"rx({n}.5) q[0];") for n in range(70)]
    jobs = [spec(program=Program(text, ProgramFormat.QASM2), key=text) for text in texts]
    for _ in range(2):
        await qoro.submit(request(*jobs))
    first, second = service.bodies(ADD)
    assert first["circuits"] == second["circuits"]
    angles = [re.search(r"rx\((.*)\)", unpacked(t)).group(1) for t in first["circuits"].values()]
    assert angles == [f"{n}.5" for n in range(70)]


@pytest.mark.parametrize(
    ("online", "status"),
    [
        ([], DeviceStatus.UNKNOWN),
        (["ONLINE"], DeviceStatus.AVAILABLE),
        (["online", "OFFLINE"], DeviceStatus.DEGRADED),
        (["OFFLINE"], DeviceStatus.UNAVAILABLE),
    ],
    ids=range(4),
)
def test_a_system_is_as_available_as_its_computers(online, status):
    """None of them known, all, some, none."""
    qpus = [{"status": word, "q_bits": 3 + n} for n, word in enumerate(online)]
    device = device_of(QoroSystem.model_validate({"name": "lab", "qpus": qpus}))
    assert device.status is status
    assert device.num_qubits == (2 + len(online) if online else None)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"transpile_level": 2, "use_twirling": False, "layout": "dense"}, None),
        ({"LAYOUT": 3, "note": "x", "newest": [1]}, None),
        ({"transpile_level": None}, None),
        ({"no_such": 1}, "no quantum computer of the Qoro service has a setting 'no_such'"),
        ({"transpile_level": True}, "transpile_level cannot be True"),
        ({"use_twirling": "yes"}, "use_twirling cannot be 'yes'"),
        ({"layout": "round"}, "layout cannot be 'round'"),
        ({"note": 1}, "note cannot be 1"),
    ],
    ids=range(8),
)
async def test_settings_of_quantum_computers_are_checked(service, qoro, settings, words):
    """Against what their vendors have, by any vendor's kind; the error says what there is."""
    config = JobConfig(target="lab_qpu", device=DeviceConfig(settings))
    options = QoroOptions(device=config.device)
    if words is None:
        await qoro.jobs.submit([QoroCircuit("a", BELL)], config=config)
        await qoro.validate(spec(options=options), "lab_qpu")
        assert len(service.asked("GET", "/vendor-config-blueprint/")) <= 1
        return
    for attempt in (
        qoro.jobs.submit([QoroCircuit("a", BELL)], config=config),
        qoro.validate(spec(options=options), "lab_qpu"),
    ):
        with pytest.raises(InvalidOptionError, match=words) as found:
            await attempt
        assert "There are: " in found.value.remedy or "It is " in found.value.remedy
    assert service.asked("POST", INIT) == []


async def test_a_service_without_blueprints_takes_any_setting(service, qoro):
    """An older service checks them itself."""
    gone = httpx.Response(404, json={"detail": "Not found."})
    service.then("GET", "/vendor-config-blueprint/", gone)
    config = JobConfig(target="lab_qpu", device=DeviceConfig({"any": 1}))
    assert await qoro.jobs.submit([QoroCircuit("a", BELL)], config=config) == JOB


async def test_a_list_that_fails_ends_the_other(service, qoro):
    """The error is the service's own, and the lists are asked for again the next time."""
    refused = httpx.Response(403, json={"detail": "not yours"})
    service.then("GET", "/qpusystem/", refused)
    with pytest.raises(PermissionDeniedError, match="not yours"):
        await qoro.systems.clusters()
    assert len(await qoro.systems.clusters()) == 2


async def test_a_token_provider_gives_the_key(service):
    """A function is asked for it when it is needed."""
    asked = []

    def token():
        asked.append(1)
        return "fresh"

    async with client(service, api_key=None, token_provider=token) as opened:
        assert asked == []
        await opened.test_connection()
    assert service.requests[0].headers["authorization"] == "Bearer fresh"


@pytest.mark.parametrize(
    ("statements", "written"),
    [
        ("h q[0]; // as it is", None),
        ("csx q[0],q[1];", "h q[1];\nt q[0];"),
        ("p(0.5) q[0];", "u1(0.5) q[0];"),
        ("rx(.5) q[0];", "rx(0.5) q[0];"),
        ("gate ryy(a) x,y { rx(a) x; } ryy(0.5) q[0],q[1];", "rx(0.5) q[0];"),
        ("gate mine x { x x; } mine q[0];", "x q[0];"),
    ],
    ids=range(6),
)
async def test_plain_jobs_are_written_anew_only_where_the_service_would_not_read_them(
    service, qoro, statements, written
):
    """Labelled circuits are sent as they are written, as the vendor's client sends them."""
    text = f'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; {statements}'
    await qoro.jobs.submit([QoroCircuit("a", text)])
    await qoro.jobs.submit([QoroCircuit("a", text)], validate=False)
    read, unread = (unpacked(body["circuits"]["a"]) for body in service.bodies(ADD))
    assert unread == text
    if written is None:
        assert read == text
    else:
        assert written in read
        assert "gate" not in read


async def test_names_of_a_plain_template_keep_their_order(service, qoro):
    """Where it is written anew, its names may be, and each keeps its values."""
    text = "OPENQASM 2.0; qreg q[1]; p(w[1]) q[0]; rx(b) q[0]; rx(a) q[0];"
    row = TemplateRow("one", (1.0, 2.0, 3.0))
    await qoro.jobs.submit([QoroTemplate(text, ("b", "w[1]", "a"), (row,))])
    [body] = service.bodies(ADD)
    sent = unpacked(body["circuit_template"])
    b, w, a = body["parameter_names"]
    assert body["parameter_sets"][0]["values"] == [1.0, 2.0, 3.0]
    assert sent.endswith(f"u1({w}) q[0];\nrx({b}) q[0];\nrx({a}) q[0];")


async def test_plain_circuits_with_what_no_gate_can_say_are_refused(service, qoro):
    """The error names the circuit; nothing is sent."""
    text = "OPENQASM 2.0; opaque magic a; qreg q[1]; magic q[0];"
    with pytest.raises(UnsupportedProgramError, match="circuit 'a': the operation 'magic'"):
        await qoro.jobs.submit([QoroCircuit("a", text)])
    assert service.requests == []


def whole(**document):
    """A program that is a whole job."""
    return qa.Program(json.dumps({"circuits": {"a": BELL}, **document}), qa.ProgramFormat.QORO)


@pytest.mark.parametrize(
    ("program", "given", "error"),
    [
        (whole(templates=[(BELL, ["t"], [("a", [1.0])])]), {}, (InvalidInputError, "no job")),
        (whole(observables=[["ZZ"]], shot_groups=[[0, 1, 5]]), {}, (InvalidInputError, "ranges")),
        (whole(circuit_map=[[0, 1]]), {}, (InvalidInputError, "needs these")),
        (whole(shot_groups=[[0, 1, 5, 6]]), {}, (InvalidInputError, "shot groups with")),
        (whole(circuits={}), {}, (InvalidInputError, "at least one circuit")),
        (whole(circuits={"a": "OPENQASM 2.0; oops q;"}), {}, (ProgramSyntaxError, "circuit 'a'")),
        (whole(circuits=7), {}, (ProgramSyntaxError, "not a whole job")),
        (qa.Program("[]", qa.ProgramFormat.QORO), {}, (ProgramSyntaxError, "not a whole job")),
        (qa.Program("{", qa.ProgramFormat.QORO), {}, (ProgramSyntaxError, "not a whole job")),
        (whole(shots=7), {"shots": 8}, (InvalidOptionError, "given 8 shots")),
        (whole(), {"variables": {"t": 1.0}}, (InvalidOptionError, "or variables")),
        (whole(), {"options": qa.RunOptions(observables=("ZZ",))}, (InvalidOptionError, "or obs")),
    ],
    ids=range(12),
)
async def test_whole_jobs_that_contradict_themselves_are_refused(service, program, given, error):
    """Nothing that was given is left out silently, and nothing is sent."""
    async with qa.Scheduler(client(service)) as scheduler:
        with pytest.raises(error[0], match=error[1]):
            await scheduler.submit(program, **{"shots": 1, **given})
    assert service.requests == []


async def test_a_whole_job_is_one_submission_with_its_own_labels(service):
    """All that it says is sent, and no other job shares it; its rows are in the raw result."""
    service.rows = [row("a", {"11": 5}), row("b", {"01": 6})]
    program = whole(circuits={"a": BELL, "b": BELL}, shot_groups=[[0, 1, 5], [1, 2, 6]])
    options = QoroOptions(tag="t", use_packing=True, maestro=MaestroConfig(seed=3))
    async with qa.Scheduler(client(service)) as scheduler:
        async with anyio.create_task_group() as tasks:
            for _ in range(2):
                tasks.start_soon(lambda: scheduler.submit(program, shots=11, options=options))
        first = await scheduler.submit(program, shots=11, options=options)
        result = await first
    opened, *_ = service.bodies(INIT)
    assert opened == {
        "tag": "t",
        "job_type": "EXECUTE",
        "use_packing": True,
        "simulator_cluster": "qoro_maestro",
        "maestro_config": {"seed": 3},
    }
    assert len(service.bodies(INIT)) == 3
    assert service.bodies(ADD)[0]["shot_groups"] == [[0, 1, 5], [1, 2, 6]]
    assert list(service.bodies(ADD)[0]["circuits"]) == ["a", "b"]
    assert (result.shots, result.counts) == (11, {})
    assert json.loads(result.raw) == [
        {"label": "a", "results": {"11": 5}},
        {"label": "b", "results": {"01": 6}},
    ]
    assert str(first.ref) == f"qoro:qoro_maestro/{JOB}"


@pytest.mark.parametrize(
    ("document", "words"), [({"no_such": 1}, "'no_such'"), ({"simulation_type": 77}, "77")]
)
def test_configurations_of_the_wire_lose_nothing(document, words):
    """What they hold is kept or refused."""
    with pytest.raises(InvalidInputError, match=words):
        execution_config(document)
    known = {"bond_dimension": 4, "simulator_type": 1, "api_meta": {"optimization_level": 1}}
    assert execution_config(known | {"noisy_device": None}).document() == known


def test_shots_of_a_configuration_are_positive():
    """They are refused as shots are everywhere, where they are written down."""
    for shots in (0, -1):
        with pytest.raises(InvalidShotsError, match=f"{shots} shots"):
            JobConfig(shots=shots)


def several(many=6):
    """Circuits that need an upload for every two."""
    return [
        QoroCircuit(f"c{n}", f"{BELL}//{Random(n).randbytes(300_000).hex()}") for n in range(many)
    ]


async def test_an_upload_that_is_refused_ends_those_beside_it(service, qoro):
    """Weak spot 7: the job is cancelled, nothing more is sent, and the error is the service's."""
    service.then("POST", ADD, httpx.Response(400, json={"error": "no such gate"}))
    with pytest.raises(Exception, match="no such gate") as found:
        await qoro.jobs.submit(several(8))
    assert found.value.job_id == JOB
    assert len(service.asked("POST", CANCEL)) == 1
    assert not any(body["finalized"] == "true" for body in service.bodies(ADD))


async def test_a_service_that_always_asks_for_a_pause_is_obeyed_and_given_up(service, qoro):
    """A chunk that was never taken is sent a few times more, and then the job is cancelled."""
    service.then("POST", ADD, *[httpx.Response(429, headers={"Retry-After": "0"})] * 6)
    with pytest.raises(RateLimitedError):
        await qoro.jobs.submit([QoroCircuit("a", BELL)])
    assert len(service.asked("POST", ADD)) == 6
    assert len(service.asked("POST", CANCEL)) == 1


async def test_a_job_that_begins_while_it_is_looked_at_is_adopted(service):
    """The cancellation is refused because it runs: then it is ours."""
    service.then("POST", ADD, httpx.ReadError("gone"))
    service.then("POST", CANCEL, httpx.Response(409, json={"error": "it runs"}))
    waiting = httpx.Response(200, json={"status": "PENDING"})
    service.then("GET", STATUS, *[waiting] * 5)
    service.status = "RUNNING"
    async with client(service) as opened:
        assert await opened.jobs.submit([QoroCircuit("a", BELL)]) == JOB


async def test_a_status_that_cannot_be_had_is_no_proof(service, qoro):
    """Nobody knows whether it runs: it is cancelled, and then sending again is safe."""
    service.then("POST", ADD, httpx.ReadError("gone"))
    service.then("GET", STATUS, *[httpx.Response(500)] * 15)
    with pytest.raises(NotSentError, match="cancelled before it ran"):
        await qoro.jobs.submit([QoroCircuit("a", BELL)])


async def test_whoever_leaves_while_a_job_is_looked_at_takes_it_along(service):
    """A cancelled submission leaves nothing, at this late point as well."""

    def leave(_):
        scope.cancel()
        return httpx.Response(200, json={"status": "PENDING"})

    service.then("POST", ADD, httpx.ReadError("gone"))
    service.then("GET", STATUS, leave)
    async with client(service, settle_delay=3600.0) as opened:
        with anyio.CancelScope() as scope:
            await opened.jobs.submit([QoroCircuit("a", BELL)])
    assert scope.cancelled_caught
    assert len(service.asked("POST", CANCEL)) == 1


async def test_a_lost_answer_to_a_middle_upload_is_not_repeated(service, qoro):
    """Weak spot 3: circuits are never appended twice; the job they may be in is cancelled."""
    lost = httpx.ReadError("gone")
    service.then("POST", ADD, lost)
    with pytest.raises((NotSentError, LostAnswerError), match="cancelled before it ran"):
        await qoro.jobs.submit(several(6))
    labels = [label for body in service.bodies(ADD) for label in body["circuits"]]
    assert len(labels) == len(set(labels))


async def test_a_characterisation_with_options_is_shown_without_the_services_page(service, qoro):
    """What is asked for travels; words of the service are shown, never read as HTML."""
    report = {"formulation_quality": 50, "regime": 7}
    advice = [{"level": "warn", "text": "<b>more shots</b>"}]
    reply = {"status": "COMPLETED", "report": report, "recommendations": advice}
    service.then("GET", "/validation_result/", httpx.Response(200, json=reply))
    found = await qoro.characterisations.submit(
        {"0": 1.0}, options={"preset": "deep"}, older_wire=True
    )
    assert service.bodies("/submit_qubo/") == [
        {"qubo": {"0": 1.0}, "target_states": [], "options": {"preset": "deep"}}
    ]
    assert (found.job_id, found.quality_score, found.word("regime")) == (JOB, 50.0, None)
    shown = found._repr_html_()
    assert "quality 50" in shown
    assert "&lt;b&gt;more shots&lt;/b&gt;" in shown


async def test_a_key_that_is_refused_is_told_for_each_job_that_goes_on(service, qoro):
    """Also for circuits that share a job, which is asked for once."""
    service.then("POST", CANCEL, httpx.Response(401, json={"detail": "Invalid token."}))
    jobs = [qa.JobRef("qoro", JOB, index=n) for n in range(2)]
    failures = await qoro.cancel(jobs)
    assert [type(failures[job]) for job in jobs] == [AuthenticationError] * 2
    assert len(service.asked("POST", CANCEL)) == 1
