"""A job is opened, filled and completed: in which requests, and what a failure leaves."""

from __future__ import annotations

from random import Random

import anyio
import httpx
import pytest

from quantum_async.errors import (
    DeviceLimitError,
    InvalidInputError,
    InvalidShotsError,
    JournalError,
    LostAnswerError,
    NotSentError,
    PermissionDeniedError,
    ProtocolError,
    RateLimitedError,
    ServerError,
    UnboundParametersError,
)
from quantum_async.http.fence import fenced
from quantum_async.http.options import SessionOptions
from quantum_async.providers.qoro.options import (
    DeviceConfig,
    ExecutionConfig,
    JobConfig,
    MaestroConfig,
    SimulationMethod,
    Simulator,
)
from quantum_async.providers.qoro.payloads import (
    LIMIT,
    ObservableGroups,
    QoroCircuit,
    QoroTemplate,
    ShotGroups,
    ShotRange,
    Shots,
    TemplateRow,
    chunks,
)
from tests.providers.qoro.service import JOB, client, unpacked

BELL = "OPENQASM 2.0; qreg q[2]; creg c[2]; h q[0]; cx q[0],q[1]; measure q -> c;"
TURNED = "OPENQASM 2.0; qreg q[1]; creg c[1]; rx(t) q[0]; measure q -> c;"
INIT, ADD, CANCEL, STATUS = "/job/init/", "/add_circuits/", "/cancel/", "/status/"


def circuits(many):
    """Circuits that differ in their labels."""
    return [QoroCircuit(f"c{number}", BELL) for number in range(many)]


async def test_one_circuit_takes_two_requests(service, qoro):
    """Opened and completed; the bodies are what the service's own client sends."""
    assert await qoro.jobs.submit(circuits(1), measured=Shots(7)) == JOB
    assert service.routes == ["POST /job/init/", f"POST /job/{JOB}/add_circuits/"]
    assert service.bodies(INIT) == [
        {
            "tag": "default",
            "job_type": "EXECUTE",
            "use_packing": False,
            "simulator_cluster": "qoro_maestro",
        }
    ]
    [body] = service.bodies(ADD)
    assert unpacked(body["circuits"].pop("c0")) == BELL
    assert body == {"circuits": {}, "shots": 7, "mode": "append", "finalized": "true"}
    assert service.requests[0].headers["authorization"] == "Bearer golden"


async def test_what_was_opened_goes_although_nothing_more_may_be_sent(service, qoro):
    """A job that was opened under a lease is cancelled when the lease is lost before it is filled."""

    def look() -> float:
        if service.asked("POST", INIT):
            raise JournalError("the lease is gone")
        return 60.0

    with fenced(look), pytest.raises(JournalError) as caught:
        await qoro.jobs.submit(circuits(1), measured=Shots(7))
    assert service.routes == ["POST /job/init/", f"POST /job/{JOB}/cancel/"]
    assert (caught.value.accepted, caught.value.job_id) == ("no", JOB)


async def test_who_is_cancelled_while_a_job_is_opened_takes_it_along(service):
    """The service has it before it answers, and nobody else would ever know its id."""

    async def slow(request):
        answer = service(request)
        if request.url.path.endswith(INIT):
            scope.cancel()
            await anyio.sleep(0.05)
        return answer

    options = SessionOptions(transport=httpx.MockTransport(slow))
    async with client(service, options=options) as opened:
        with anyio.CancelScope() as scope:
            await opened.jobs.submit(circuits(1), measured=Shots(7))
    assert scope.cancelled_caught
    assert service.routes == ["POST /job/init/", f"POST /job/{JOB}/cancel/"]


async def test_an_expectation_job_sends_no_shots(service, qoro):
    """Weak spot 13: what is null or wrong on the vendor's wire is not there on ours."""
    measured = ObservableGroups((("ZI", "IZ"), ("XX",)), ((0, 1), (1, 2)))
    await qoro.jobs.submit(circuits(2), measured=measured)
    assert service.bodies(INIT)[0]["job_type"] == "EXPECTATION"
    [body] = service.bodies(ADD)
    assert body["circuit_ham_map"] == [[0, 1], [1, 2]]
    assert [part.partition(":")[0] for part in body["observables"].split("|")] == ["@gzs2"] * 2
    assert not {"shots", "shot_groups"} & set(body)


async def test_shots_that_nobody_names_are_a_thousand(service, qoro):
    """Weak spot 13: never null."""
    await qoro.jobs.submit(circuits(1))
    assert service.bodies(ADD)[0]["shots"] == 1000


@pytest.mark.parametrize("limit", [600, 1000, 5000])
@pytest.mark.parametrize("kind", ["shots", "groups", "template", "observables"])
def test_no_upload_is_larger_than_the_limit(kind, limit):
    """Weak spot 15: every byte of the body counts, the envelope and the measurement included."""
    content, measured = circuits(60), Shots(1000)
    if kind == "groups":
        ranges = tuple(ShotRange(i, i + 1, 10**6 + i) for i in range(60))
        measured = ShotGroups(ranges)
    if kind == "observables":
        measured = ObservableGroups((("ZZ", "XX", "YY"),))
    if kind == "template":
        rows = tuple(TemplateRow(f"é{i}", (i / 7,)) for i in range(200))
        content = [QoroTemplate(TURNED, ("t",), rows)]
    made = chunks(content, measured, limit=limit)
    assert len(made) > 1
    assert max(len(chunk.content(is_last=False)) for chunk in made) <= limit
    assert sum(len(chunk.rows) for chunk in made) == (200 if kind == "template" else 60)


def test_a_circuit_that_fits_no_upload_is_refused():
    """Weak spot 15: it is refused here, and not by the service after a job was opened."""
    with pytest.raises(DeviceLimitError, match="circuit 'c0' needs"):
        chunks(circuits(1), Shots(1), limit=100)
    rows = (TemplateRow("a", (1.0,)),)
    with pytest.raises(DeviceLimitError, match="circuit 'a' needs"):
        chunks([QoroTemplate(TURNED, ("t",), rows)], Shots(1), limit=150)
    assert LIMIT == 996_147


def test_shots_of_ranges_are_counted_from_each_upload():
    """Weak spot 14: what an upload says of its circuits is counted from its first one."""
    import json

    measured = ShotGroups((ShotRange(0, 4, 10), ShotRange(4, 6, 20)))
    made = chunks(circuits(6), measured, limit=720)
    found = [json.loads(chunk.content(is_last=False)) for chunk in made]
    sizes = [len(body["circuits"]) for body in found]
    assert len(sizes) > 1
    shots = [s for body in found for a, b, s in body["shot_groups"] for _ in range(a, b)]
    assert shots == [10] * 4 + [20] * 2
    assert all(body["shot_groups"][-1][1] == size for body, size in zip(found, sizes, strict=True))


async def test_a_map_to_observables_counts_circuits_from_the_jobs_first_one(service, qoro):
    """Weak spot 14: every upload carries the whole map, and they arrive in the job's order."""
    under_way = 0

    async def one_at_a_time(request):
        nonlocal under_way
        under_way += 1
        await anyio.sleep(0.001)
        assert under_way == 1
        under_way -= 1
        return service(request)

    measured = ObservableGroups((("ZZ",), ("XX", "IZ")), ((0, 3), (3, 6)))
    content = [QoroCircuit(f"c{n}", f"{BELL}//{chance(n)}") for n in range(6)]
    options = SessionOptions(transport=httpx.MockTransport(one_at_a_time))
    async with client(service, options=options) as opened:
        await opened.jobs.submit(content, measured=measured)
    bodies = service.bodies(ADD)
    assert len(bodies) > 2
    assert [label for body in bodies for label in body["circuits"]] == [c.label for c in content]
    assert [body["circuit_ham_map"] for body in bodies] == [[[0, 3], [3, 6]]] * len(bodies)
    assert len({body["observables"] for body in bodies}) == 1


def chance(seed: int) -> str:
    """Text that compression leaves long: two of it fill an upload."""
    return Random(seed).randbytes(300_000).hex()


def test_groups_of_observables_for_every_circuit_are_one_group():
    """Without a map nothing depends on how the service reads several groups."""
    together = ObservableGroups((("ZZ", "XX"), ("IZ",)))
    assert together.document(0, 1) == ObservableGroups((("ZZ", "XX", "IZ"),)).document(0, 1)
    with pytest.raises(InvalidInputError, match="one length"):
        ObservableGroups((("ZZ",), ("Z",)))


@pytest.mark.parametrize(
    "ranges", [((0, 2), (1, 3)), ((0, 1), (1, 4)), ((0, 0), (1, 2)), ((-1, 1), (1, 2))]
)
def test_a_map_that_does_not_fit_the_circuits_is_refused(ranges):
    """Overlapping, too long, empty or negative ranges would be read as somebody pleases."""
    with pytest.raises(InvalidInputError, match=r"belongs to two groups|are none of 3"):
        chunks(circuits(3), ObservableGroups((("ZZ",), ("XX",)), ranges))


@pytest.mark.parametrize(
    ("content", "measured"),
    [
        ([], Shots(1)),
        ([QoroCircuit("a", BELL)] * 2, Shots(1)),
        (circuits(2), ShotGroups((ShotRange(0, 1, 5),))),
        (circuits(2), ShotGroups((ShotRange(0, 2, 5), ShotRange(1, 2, 5)))),
        (circuits(1), ShotGroups((ShotRange(0, 1, 0),))),
        ([QoroTemplate(TURNED, ("t",), (TemplateRow("c0", (1.0,)),)), *circuits(1)], Shots(1)),
        (
            [QoroTemplate(TURNED, ("t",), (TemplateRow("a", (1.0,)),))],
            ShotGroups((ShotRange(0, 1, 5),)),
        ),
    ],
    ids=["empty", "twice", "uncovered", "overlapping", "no-shots", "mixed", "ranges-of-points"],
)
async def test_what_cannot_be_a_job_is_refused_before_one_is_opened(
    service, qoro, content, measured
):
    """Weak spot 7: no job is opened that could not be completed."""
    with pytest.raises((InvalidInputError, InvalidShotsError)):
        await qoro.jobs.submit(content, measured=measured)
    assert service.requests == []


@pytest.mark.parametrize(
    ("ranges", "words"),
    [
        ([(0, 2, 5)], "circuit 2 has no shots"),
        ([(1, 3, 5)], "circuit 0 has no shots"),
        ([(0, 1, 5), (2, 3, 5)], "circuit 1 has no shots"),
        ([(0, 2, 5), (1, 3, 5)], "circuit 1 has shots twice"),
        ([(0, 3, 0)], "circuits 0 to 3 have 0 shots"),
        ([(0, 0, 5)], "circuits 0 to 0"),
        ([(0, 4, 5)], "circuit 3, of 3 circuits"),
    ],
)
def test_shots_that_do_not_fit_the_circuits_are_told_by_circuit(ranges, words):
    """The error names the circuit, and says how ranges are written."""
    measured = ShotGroups(tuple(ShotRange(*one) for one in ranges))
    with pytest.raises(InvalidShotsError, match=words) as found:
        chunks(circuits(3), measured)
    assert "without gaps" in found.value.remedy


def test_templates_and_observables_are_checked_when_they_are_made():
    """Wrong numbers of values, values that are no numbers, mixed lengths."""
    for values in ((), (1.0, 2.0), (float("nan"),), (float("inf"),)):
        with pytest.raises(UnboundParametersError):
            QoroTemplate(TURNED, ("t",), (TemplateRow("a", values),))
    with pytest.raises(UnboundParametersError):
        QoroTemplate(TURNED, ("t",), ())
    for groups, ranges in (((), None), ((("Z", "ZZ"),), None), ((("A",),), None), ((("Z",),), ())):
        with pytest.raises(InvalidInputError):
            ObservableGroups(groups, ranges)


async def test_uploads_travel_side_by_side_and_the_last_one_last(service, qoro):
    """Weak spot 6: all but the last chunk may be under way at once."""
    under_way, most = 0, 0

    async def slow(request):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await anyio.sleep(0.02)
        under_way -= 1
        return service(request)

    options = SessionOptions(transport=httpx.MockTransport(slow))
    async with client(service, options=options) as opened:
        await opened._uploads.send({"tag": "x"}, chunks(circuits(20), Shots(1), limit=500))
    assert most > 1
    flags = [body["finalized"] for body in service.bodies(ADD)]
    assert flags == ["false"] * (len(flags) - 1) + ["true"]


async def test_a_lost_answer_to_opening_is_not_asked_for_again(service, qoro):
    """Weak spot 3: one request, and an error that says that nothing runs by itself."""
    service.then("POST", INIT, httpx.ReadError("gone"))
    with pytest.raises(LostAnswerError, match="open a job tagged 'default'") as found:
        await qoro.jobs.submit(circuits(1))
    assert service.routes == ["POST /job/init/"]
    assert "never runs by itself" in str(found.value.__notes__)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ReadError("gone"),
        httpx.Response(502, text="<html>bad gateway</html>"),
        httpx.Response(503),
    ],
    ids=["reset", "page", "status"],
)
async def test_a_lost_answer_to_a_chunk_cancels_the_job(service, qoro, answer):
    """Weak spots 3 and 7: nothing is appended twice, nothing is left; sending again is safe."""
    service.then("POST", ADD, answer)
    service.status = "PENDING"
    with pytest.raises(NotSentError, match="cancelled before it ran") as found:
        await qoro.jobs.submit(circuits(1))
    assert found.value.job_id == JOB
    assert len(service.asked("POST", ADD)) == 1
    assert len(service.asked("POST", CANCEL)) == 1


async def test_a_job_that_has_begun_is_kept_though_its_last_answer_was_lost(service, qoro):
    """The job itself says that it is complete."""
    service.then("POST", ADD, httpx.ReadError("gone"))
    service.status = "RUNNING"
    assert await qoro.jobs.submit(circuits(1)) == JOB
    assert service.asked("POST", CANCEL) == []


async def test_an_orphan_is_reported_with_its_id(service, qoro):
    """Where the job cannot be cancelled either, the error names it and says what may be."""
    service.then("POST", ADD, httpx.ReadError("gone"))
    service.then("POST", CANCEL, *[httpx.Response(503)] * 3)
    service.status = "PENDING"
    with pytest.raises(LostAnswerError, match=f"job {JOB} is left at the service") as found:
        await qoro.jobs.submit(circuits(1))
    assert found.value.job_id == JOB
    assert found.value.accepted == "unknown"


async def test_a_503_that_names_a_time_makes_the_next_attempt_wait(service, qoro):
    """Weak spot 5: the time that the service asked for survives."""
    service.then("POST", ADD, httpx.Response(503, headers={"Retry-After": "0.3"}))
    service.status = "PENDING"
    with pytest.raises(RateLimitedError) as found:
        await qoro.jobs.submit(circuits(1))
    assert found.value.retry_after == 0.3


async def test_a_chunk_that_was_refused_for_its_pace_is_sent_again(service, qoro):
    """429 has done nothing, so the same job goes on."""
    service.then("POST", ADD, httpx.Response(429, headers={"Retry-After": "0"}))
    assert await qoro.jobs.submit(circuits(1)) == JOB
    assert len(service.asked("POST", ADD)) == 2
    assert len(service.asked("POST", INIT)) == 1


async def test_a_refused_chunk_cancels_the_job(service, qoro):
    """Weak spot 7: the error is the service's, and the job that was opened is gone."""
    service.then("POST", ADD, httpx.Response(400, json={"error": "no such gate"}))
    with pytest.raises(Exception, match="no such gate") as found:
        await qoro.jobs.submit(circuits(1))
    assert found.value.job_id == JOB
    assert found.value.accepted == "no"
    assert len(service.asked("POST", CANCEL)) == 1


@pytest.mark.parametrize("reply", [{}, {"job_id": None}, {"job_id": ""}, []], ids=str)
async def test_an_answer_without_an_id_is_not_what_the_protocol_says(service, qoro, reply):
    """Whether a job exists is then unknown."""
    service.then("POST", INIT, httpx.Response(200, json=reply))
    with pytest.raises(ProtocolError) as found:
        await qoro.jobs.submit(circuits(1))
    assert found.value.accepted == "unknown"


async def test_the_words_of_a_refusal_are_the_services(service, qoro):
    """Weak spot 18: typed errors with the service's own words, from either body shape."""
    service.then("POST", INIT, httpx.Response(403, json={"error": "Free tier limits it to 32."}))
    with pytest.raises(PermissionDeniedError, match="Free tier limits it to 32"):
        await qoro.jobs.submit(circuits(1))
    service.then("GET", STATUS, *[httpx.Response(502, text="<html>down</html>")] * 3)
    with pytest.raises(ServerError):  # weak spot 4: always the same kind of error
        await qoro.jobs.status(JOB)


def test_merging_configurations_loses_no_field():
    """Weak spot 13: what one does not say, the other keeps, at every depth."""
    first = JobConfig(
        target="gpu_cluster",
        tag="exp",
        use_packing=True,
        execution=ExecutionConfig(bond_dimension=8, api_meta={"optimization_level": 1}),
        maestro=MaestroConfig(seed=1, more={"precision": "double"}),
        device=DeviceConfig({"transpile_level": 1, "use_twirling": True}),
    )
    second = JobConfig(
        shots=7,
        execution=ExecutionConfig(simulator=Simulator.GPU, api_meta={"resilience_level": 2}),
        maestro=MaestroConfig(max_bond_dimension=16, more={"gate_fusion": True}),
        device=DeviceConfig({"TRANSPILE_LEVEL": 3, "use_twirling": None}),
    )
    merged = first.merged(second)
    assert (merged.target, merged.tag, merged.use_packing, merged.shots) == (
        "gpu_cluster",
        "exp",
        True,
        7,
    )
    assert merged.execution.document() == {
        "bond_dimension": 8,
        "simulator_type": 4,
        "api_meta": {"optimization_level": 1, "resilience_level": 2},
    }
    assert merged.maestro.document() == {
        "seed": 1,
        "max_bond_dimension": 16,
        "precision": "double",
        "gate_fusion": True,
    }
    assert merged.device.document() == {"TRANSPILE_LEVEL": 3, "USE_TWIRLING": True}
    assert first.merged(JobConfig()) == first
    assert JobConfig().merged(first) == first


async def test_configurations_go_only_to_what_they_are_for(service, qoro):
    """A simulator's settings for a quantum computer are refused, and the other way round."""
    maestro = MaestroConfig(simulation_method=SimulationMethod.MATRIX_PRODUCT_STATE)
    await qoro.jobs.submit(circuits(1), config=JobConfig(maestro=maestro))
    assert service.bodies(INIT)[0]["maestro_config"] == {"simulation_type": 1}
    device = DeviceConfig({"transpile_level": 2})
    await qoro.jobs.submit(circuits(1), config=JobConfig(target="lab_qpu", device=device))
    opening = service.bodies(INIT)[1]
    assert opening["qpu_system_name"] == "lab_qpu"
    assert opening["device_config"] == {"TRANSPILE_LEVEL": 2}
    for config in (JobConfig(target="lab_qpu", maestro=maestro), JobConfig(device=device)):
        with pytest.raises(InvalidInputError):
            await qoro.jobs.submit(circuits(1), config=config)
    with pytest.raises(InvalidInputError, match="expectation"):
        measured = ObservableGroups((("ZZ",),))
        await qoro.jobs.submit(circuits(1), measured=measured, config=JobConfig(target="lab_qpu"))
    assert len(service.bodies(INIT)) == 2


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (ExecutionConfig, {"bond_dimension": 0}),
        (ExecutionConfig, {"noise_scaling_factor": 1.5}),
        (ExecutionConfig, {"truncation_threshold": -1.0}),
        (MaestroConfig, {"max_bond_dimension": -1}),
        (DeviceConfig, {"settings": {"ibm_device": "x"}}),
        (JobConfig, {"shots": 0}),
    ],
    ids=str,
)
def test_settings_out_of_range_are_refused(kind, settings):
    """Nothing of that sort reaches the service."""
    with pytest.raises(InvalidInputError):
        kind(**settings)
