"""What the vendor's clients do badly and this one must not; numbers are those of the list we keep.

Those that are shown elsewhere: 1 3 4 5 6 9 10 11 12 13 15 16 17 19 21 22 30 32 in `test_wire`,
7 13 19 21 in `test_faults`, 8 27 29 in `test_legacy`, 14 27 in `test_auth`.
"""

from __future__ import annotations

import gc
import json
import re
import subprocess
import sys
import weakref
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import anyio
import httpx
import pytest

from quantum_async.errors import (
    AuthenticationError,
    ConfigurationError,
    DeviceLimitError,
    NotFoundError,
    ProgramError,
    ResultError,
    ServerError,
)
from quantum_async.http.options import SessionOptions
from quantum_async.http.retry import NO_RETRY
from quantum_async.http.timeouts import Timeouts
from quantum_async.models.job import JobRef, JobStatus
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.models.submission import JobSpec
from quantum_async.programs.objects import as_program
from quantum_async.providers.iqm.circuits import Circuit, Instruction
from quantum_async.providers.iqm.client import IQMClient, IQMSettings
from quantum_async.providers.iqm.dialect import Generation
from quantum_async.providers.iqm.options import IQMOptions
from quantum_async.providers.iqm.translate.measurements import SLICE, measurements_of, split_run
from tests.providers.iqm.service import Service, client, wire
from tests.providers.iqm.test_auth import Keycloak, login
from tests.providers.iqm.test_legacy import JOB, Cocos

FLIP = Circuit(
    "flip",
    (
        Instruction("prx", ("QB1",), {"angle": 3.0, "phase": 0.5}),
        Instruction("measure", ("QB1", "QB2"), {"key": "m"}),
    ),
)
HEAVY = {
    "numpy",
    "scipy",
    "xarray",
    "IPython",
    "grpc",
    "qiskit",
    "pulser",
    "requests",
    "matplotlib",
}
QIR = 'define void @main() #0 { ret void }\nattributes #0 = { "entry_point" }\n'


@asynccontextmanager
async def counted():
    """A server on a port that answers as the one in memory, and counts connections."""
    connections = []

    async def talk(stream):
        connections.append(stream)
        async with stream:
            rest = b""
            while True:
                while b"\r\n\r\n" not in rest:
                    try:
                        rest += await stream.receive()
                    except anyio.EndOfStream:
                        return
                head, _, rest = rest.partition(b"\r\n\r\n")
                method, path, _ = head.decode().split("\r\n")[0].split(" ")
                body = wire.answer(method, path.partition("?")[0])
                size = f"Content-Length: {len(body)}\r\n\r\n".encode()
                await stream.send(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + size + body
                )

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0)
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, talk)
        yield f"http://127.0.0.1:{port}", connections
        tasks.cancel_scope.cancel()


async def test_connections_are_used_again():
    """Thirty requests, one after the other, share their connections (2)."""
    async with counted() as (url, connections), IQMClient(url, token="any") as iqm:
        for _ in range(10):
            await iqm.computers.health()
            await iqm.jobs.get(wire.JOB_ID)
            await iqm.jobs.measurements(wire.JOB_ID)
    assert len(connections) <= 3


def test_every_variable_that_is_documented_is_read():
    """The settings' table lists what is read, and all that is read has an effect (18)."""
    documented = set(re.findall(r"``((?:IQM|QUANTUM_ASYNC)_[A-Z_]+)``", IQMSettings.__doc__))
    read = set()
    for field in IQMSettings.model_fields.values():
        alias = field.validation_alias
        read |= {alias} if isinstance(alias, str) else set(alias.choices)
    assert documented == read
    values = {name: "v1" if name.endswith("GENERATION") else f"value of {name}" for name in read}
    settings = IQMSettings.read(values)
    assert None not in settings.model_dump().values()


async def test_timeouts_are_each_clients_own(service):
    """Nothing is frozen at import: two clients wait differently, in one process (18)."""
    waits = []

    def answer(request):
        waits.append(request.extensions["timeout"]["read"])
        return service(request)

    for seconds in (3.0, 7.0):
        options = SessionOptions(
            transport=httpx.MockTransport(answer), timeouts=Timeouts(read=seconds)
        )
        async with IQMClient("https://iqm.example", options=options) as iqm:
            await iqm.computers.list()
    assert waits == [3.0, 7.0]


async def test_the_place_in_the_queue_is_told(sandbox, cloud):
    """Jobs of one quantum computer know how many are before them (20)."""
    await sandbox.change(job_time=60.0, parallel=False)
    try:
        async with cloud() as iqm:
            ids = [str(await iqm.submit_circuits([FLIP], shots=1)) for _ in range(3)]
            states = [(await iqm.poll([ref]))[ref] for ref in (JobRef("iqm", i) for i in ids)]
            jobs = [await iqm.jobs.get(job_id) for job_id in ids]
            await iqm.cancel([JobRef("iqm", job_id) for job_id in ids])
    finally:
        await sandbox.change(job_time=0.02, parallel=True)
    assert [state.queue_position for state in states[1:]] == [1, 2]
    assert [job.queue_position for job in jobs[1:]] == [1, 2]
    assert states[1].status is JobStatus.QUEUED


async def test_why_a_job_failed_is_known_without_asking_again(iqm, service):
    """State and job hold the server's words; reading them sends nothing (20, 21)."""
    errors = [{"source": "station", "error_code": "too_long", "message": "the circuit is long"}]
    service.next(
        "GET", wire.JOB_ID, httpx.Response(200, json=wire.job(status="failed", errors=errors))
    )
    ref = JobRef("iqm", wire.JOB_ID)
    state, job = (await iqm.poll([ref]))[ref], await iqm.jobs.get(wire.JOB_ID)
    sent = len(service.requests)
    assert state.message == job.words == "too_long: the circuit is long (station)"
    assert len(service.requests) == sent


async def test_a_mapping_is_left_as_it_was(iqm, sandbox, cloud):
    """Neither checking nor transpiling for a star changes what the caller gave (23)."""
    from qiskit import QuantumCircuit

    mapping = {"a": "QB1", "b": "QB2"}
    logical = Circuit("l", (Instruction("measure", ("a", "b"), {"key": "m"}),))
    options = IQMOptions(qubit_mapping=mapping)
    await iqm.submit_circuits([logical], qubit_mapping=mapping)
    mapping["a"] = "QB3"
    assert options.mapping == {"a": "QB1", "b": "QB2"}
    assert mapping == {"a": "QB3", "b": "QB2"}
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    before = circuit.copy()
    async with cloud(quantum_computer="sirius") as star:
        spec = JobSpec("k", as_program(circuit), 1, {}, IQMOptions(transpile=True))
        await star.validate(spec, "sirius")
    assert circuit == before


def test_importing_the_client_is_light():
    """No library for numbers, pulses, plots or notebooks is loaded to talk to a server (24)."""
    code = (
        "import sys; from quantum_async import IQMClient; IQMClient('https://x.example'); "
        f"print(sorted({HEAVY!r} & sys.modules.keys()))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]", run.stdout


def shots_of(text):
    """Shots as any parser of JSON reads them."""
    return [
        {key: [tuple(shot) for shot in shots] for key, shots in circuit.items()}
        for circuit in json.loads(text)
    ]


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (" ,\n ", "\t:\r\n")])
def test_measurements_are_read_as_any_parser_would(separators):
    """Keys with brackets and quotes, empty circuits, no shots, many shots, in any spacing (25)."""
    many = [[n & 1, n >> 1 & 1, n >> 2 & 1] for n in range(40_000)]
    document = [
        {"m": many, 'odd "]]" ключ\\': [[0]]},
        {},
        {"none": [], "qudit": [[2], [1]], "no": [[]]},
    ]
    text = json.dumps(document, separators=separators)
    assert len(text) > 3 * SLICE
    assert measurements_of(text.encode()) == shots_of(text)
    assert measurements_of(b" [ ] ") == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[",
        "[{]",
        "[{}] more",
        '[{"m": [[0, 1]}]',
        '[{"m": [[0.5]]}]',
        '[{"m": [[true]]}]',
        '[{"m": [[[0]]]}]',
        '[{"m": 3}]',
        "[{3: [[0]]}]",
        '[{"m" [[0]]}]',
        '[{"m": [[0]]} {"n": [[0]]}]',
        '[{"m": [[0 1]]}]',
        '[{"m": [[0],,[1]]}]',
        '[{"m": [[0][1]]}]',
        '[{"m": [[0][[1]]}]',
        '[{"m": [,[1]]}]',
    ],
)
def test_what_are_no_measurements_is_refused(text):
    """Nothing is made up of text that is not what it should be (25)."""
    with pytest.raises(ValueError):
        measurements_of(text.encode())


async def test_equal_shots_are_one_value(iqm, service):
    """A million shots of few outcomes are few values, not a million lists (25)."""
    measured = json.dumps([{"m": [[0, 1], [1, 1], [0, 1]]}])
    service.next("GET", "/measurements", httpx.Response(200, text=measured))
    [circuit] = await iqm.jobs.measurements(wire.JOB_ID)
    assert circuit["m"][0] is circuit["m"][2]


async def test_large_results_do_not_stop_the_loop(iqm, service):
    """Megabytes of shots are read in a worker thread: while none is free, the rest goes on (25)."""
    shots = [[n >> place & 1 for place in range(20)] for n in range(2000)] * 60
    content = json.dumps([{"m": shots}]).encode()
    service.next("GET", "/measurements", httpx.Response(200, content=content))
    found = []

    async def read():
        found.extend(await iqm.jobs.measurements(wire.JOB_ID))

    await iqm.jobs.get(wire.JOB_ID)
    threads = anyio.to_thread.current_default_thread_limiter()
    taken = [object() for _ in range(int(threads.total_tokens))]
    async with anyio.create_task_group() as tasks:
        for one in taken:
            await threads.acquire_on_behalf_of(one)
        tasks.start_soon(read)
        while not (found or threads.statistics().tasks_waiting):
            await anyio.lowlevel.checkpoint()
        assert not found
        for one in taken:
            threads.release_on_behalf_of(one)
    assert len(found[0]["m"]) == len(shots)


async def test_measurements_of_another_form_are_no_result(iqm, service):
    """Other JSON is told from what is no JSON, and both from measurements (25)."""
    service.next("GET", "/measurements", httpx.Response(200, text='[{"m": "none"}]'))
    with pytest.raises(ResultError, match="unknown form"):
        await iqm.jobs.measurements(wire.JOB_ID)


def test_a_run_of_the_older_interface_is_split():
    """What is not a measurement is read as it is, wherever it stands (25, 26)."""
    run = {"status": "ready", "measurements": [{"m": [[1], [0]]}], "metadata": {"a": [1, {}]}}
    rest, measurements = split_run(json.dumps(run).encode())
    assert rest == {"status": "ready", "metadata": {"a": [1, {}]}}
    assert measurements == [{"m": [(1,), (0,)]}]
    assert split_run(b'{"status": "x", "measurements": null}') == (
        {"status": "x", "measurements": None},
        None,
    )
    assert split_run(b"{}") == ({}, None)


async def test_a_run_has_its_calibration_set_and_costs_three_requests(iqm, service):
    """Everything of a run is there, none of it under a wrong name, and no error is passed over (26)."""
    service.next("GET", "/payload", httpx.Response(200, json={"circuits": [], "shots": 3}))
    run = await iqm.get_run(wire.JOB_ID)
    assert run.metadata.calibration_set_id == wire.CALIBRATION
    assert run.metadata.request == {"circuits": [], "shots": 3}
    assert run.metadata.timestamps["job_start"] == wire.MOMENT
    assert run.measurements == ({"m": ((0, 1), (1, 1), (0, 1))},)
    assert sum("/jobs/" in line for line in service.lines) == 3
    service.next("GET", "/measurements", httpx.Response(500, json={"message": "broken"}))
    with pytest.raises(ServerError, match="broken"):
        await iqm.get_run(wire.JOB_ID)


async def test_nothing_is_sent_without_being_asked_to():
    """Making a client and forgetting it log nobody in or out; leaving ends what was begun (28)."""
    now = [1_000_000.0]
    service = Keycloak(now)
    made = login(service, now)
    await made.open()
    await made.close()
    del made
    gc.collect()
    assert not service.grants
    assert not service.requests
    async with login(service, now) as iqm:
        await iqm.jobs.get("j")
        assert service.grants == ["password"]
    assert service.grants == ["password", "logout"]


async def test_a_client_can_be_forgotten(service):
    """No cache keeps a client alive that nobody uses (22)."""
    iqm = client(service)
    async with iqm:
        await iqm.computers.architecture()
        await iqm.get_quantum_architecture()
    forgotten = weakref.ref(iqm)
    del iqm
    gc.collect()
    assert forgotten() is None


async def test_what_failed_once_is_asked_again(iqm, service):
    """A failure is not kept as if it were an answer (22)."""
    missing = httpx.Response(404, json={"error_code": "calibration_set_not_found", "message": "no"})
    service.next("GET", "/dynamic-quantum-architecture", missing)
    with pytest.raises(NotFoundError):
        await iqm.computers.architecture()
    service.queued.clear()
    assert (await iqm.computers.architecture()).components


@pytest.mark.parametrize(
    ("generation", "ending"),
    [(Generation.V1, "/limits"), (Generation.LEGACY, "/quantum-architecture")],
)
async def test_what_many_want_at_once_is_asked_for_once(generation, ending):
    """Jobs that are submitted side by side by a new client ask what they share one time (22)."""
    asked = []

    async def answer(request):
        if request.url.path.endswith(ending):
            asked.append(request)
            await anyio.sleep(0.01)
        return (Service() if generation is Generation.V1 else Cocos())(request)

    options = SessionOptions(transport=httpx.MockTransport(answer))
    async with client(None, generation=generation, options=options) as iqm:
        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(iqm.computers.limits)
    assert len(asked) == 1


async def test_few_architectures_are_kept(iqm, service):
    """A calibration set is asked for once while it is recent; old ones are let go (22)."""
    names = [str(UUID(int=n)) for n in range(20)]

    def asked():
        return sum("dynamic" in line for line in service.lines)

    for name in names:
        await iqm.computers.architecture(calibration_set_id=name)
    assert asked() == 20
    await iqm.computers.architecture(calibration_set_id=names[-1])
    assert asked() == 20
    await iqm.computers.architecture(calibration_set_id=names[0])
    assert asked() == 21


@pytest.mark.parametrize("refresh", [True, False])
async def test_a_refused_login_sends_nothing_unauthenticated(refresh):
    """Where no token can be had the request is not sent without one (27)."""
    now = [1_000_000.0]
    service = Keycloak(now)
    answered = []

    def refuse(request):
        if "/realms/" in request.url.path and (answered or not refresh):
            return httpx.Response(401, json={"error": "invalid_grant"})
        answered.append(request)
        return service(request)

    options = SessionOptions(
        transport=httpx.MockTransport(refuse), clock=lambda: now[0], retry=NO_RETRY
    )
    async with login(service, now, options=options) as iqm:
        if refresh:
            await iqm.jobs.get("j")
            now[0] += 290.0
        with pytest.raises(AuthenticationError, match="login was refused"):
            await iqm.jobs.get("j")
    assert all("authorization" in r.headers for r in service.requests)


async def test_a_token_of_a_file_need_not_be_a_web_token(service, tmp_path):
    """An opaque token is sent as it is (27)."""
    path = tmp_path / "tokens.json"
    path.write_text(json.dumps({"access_token": "opaque"}))
    options = SessionOptions(transport=httpx.MockTransport(service))
    async with IQMClient("https://iqm.example", tokens_file=path, options=options) as iqm:
        await iqm.computers.list()
    assert service.requests[0].headers["authorization"] == "Bearer opaque"


async def test_what_needs_no_server_is_checked_without_one(iqm, service):
    """A circuit that no quantum computer could run is refused before anything is asked (31)."""
    malformed = Circuit("c", (*FLIP.instructions, FLIP.instructions[1])).program()
    for program in (
        malformed,
        Program("{}", ProgramFormat.IQM),
        Program("no module", ProgramFormat.QIR),
    ):
        with pytest.raises(ProgramError):
            await iqm.validate(JobSpec(uuid4().hex, program, 1), "golden:mock")
        with pytest.raises(ProgramError):
            await iqm.submit_circuits([program])
    assert not service.requests


async def test_checking_can_be_left_to_the_server(iqm, service):
    """Unchecked circuits need no architecture: neither a missing one nor a foreign locus matters (31)."""
    service.next("GET", "/dynamic-quantum-architecture", httpx.Response(404, json={}))
    elsewhere = Circuit("c", (Instruction("measure", ("QB77",), {"key": "m"}),))
    with pytest.raises(NotFoundError):
        await iqm.submit_circuits([elsewhere])
    await iqm.submit_circuits([elsewhere], options=IQMOptions(checked=False))
    mapped = IQMOptions(checked=False, qubit_mapping={"0": "QB78"})
    qasm = "OPENQASM 2.0; qreg q[1]; creg c[1]; measure q -> c;"
    await iqm.submit_circuits([as_program(qasm)], options=mapped)
    assert sum("dynamic" in line for line in service.lines) == 1
    assert service.body("/circuit")["qubit_mapping"][0]["physical_name"] == "QB78"
    service.queued.clear()
    with pytest.raises(DeviceLimitError, match="QB77"):
        await iqm.submit_circuits([elsewhere])


async def test_qir_is_looked_at(iqm, service):
    """Text with an entry point goes out as it is; other text is refused by name (31)."""
    await iqm.submit_circuits([Program(QIR, ProgramFormat.QIR)], shots=2)
    assert service.body("/circuit")["circuits"] == [QIR]
    with pytest.raises(ProgramError, match="entry_point"):
        await iqm.submit_circuits([Program("define void @main()", ProgramFormat.QIR)])


async def test_the_older_submission_is_sent_once_too():
    """A bad gateway in answer to the older interface's submission is not repeated for ever (6)."""
    server = Cocos()

    def answer(request):
        server(request)
        if request.method == "POST":
            return httpx.Response(502, text="<html>")
        return server(request)

    async with client(answer, generation=Generation.LEGACY) as iqm:
        with pytest.raises(ServerError) as caught:
            await iqm.submit_circuits([FLIP], shots=2)
    assert caught.value.accepted == "unknown"
    assert "1 circuit of 2 shots" in str(caught.value)
    assert server.requests.count("POST /jobs") == 1


async def test_polling_the_older_interface_is_polite():
    """Pauses between polls grow, and a wait ends with the job (1)."""
    pauses = []

    async def sleep(seconds):
        pauses.append(seconds)

    now = iter(range(10_000))
    server = Cocos(["pending compilation"] * 8 + ["ready"])
    options = SessionOptions(
        transport=httpx.MockTransport(server), sleep=sleep, clock=lambda: float(next(now))
    )
    async with IQMClient(
        "https://iqm.example", options=options, generation=Generation.LEGACY, jitter=lambda: 0.5
    ) as iqm:
        job = await iqm.jobs.wait(JOB, timeout=None)
    assert job.status.is_terminal
    assert pauses == sorted(pauses)
    assert pauses[-1] > 4 * pauses[0]


@pytest.mark.parametrize("url", ["http://[::1]:8000", "http://localhost:8000/prefix/"])
def test_this_machine_has_many_names(url):
    """Plain http to an IPv6 loopback or below a prefix is not taken for a remote one (15)."""
    assert IQMClient(url, token="x")
    with pytest.raises(ConfigurationError):
        IQMClient(url.replace("[::1]", "[2001:db8::1]").replace("localhost", "example"), token="x")
