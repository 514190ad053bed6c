"""Our runner for Divi: what it sends for what Divi hands over, and what it answers."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import anyio
import httpx
import pytest
import requests
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

import quantum_async.blocking as qa
from quantum_async.errors import (
    InvalidInputError,
    ProgramSyntaxError,
    ResultError,
    WaitTimeoutError,
)
from quantum_async.http.options import SessionOptions
from tests.providers.qoro.service import BASE, JOB, client, unpacked
from tests.providers.qoro.test_client import row

INIT, ADD, CANCEL, STATUS = "/job/init/", "/add_circuits/", "/cancel/", "/status/"
HEAD = "OPENQASM 2.0; qreg q[2]; creg c[2]; "
BELL = HEAD + "h q[0]; cx q[0],q[1]; measure q -> c;"
TURNED = HEAD + "rx(t) q[0]; measure q -> c;"


def job(divi):
    """Some job, as Divi holds it."""
    return divi.backends.ExecutionResult(job_id=JOB)


def says(service, *words, run_time=None):
    """Let the next polls be answered with these words."""
    for word in words:
        answer = {"status": word, "run_time": run_time}
        service.then("GET", STATUS, httpx.Response(200, json=answer))


def test_it_says_of_itself_what_divi_asks(divi, runner):
    """A runner of jobs that computes expectation values and puts parameters in."""
    assert isinstance(runner, divi.backends.CircuitRunner)
    assert (runner.is_async, runner.supports_expval, runner.resolves_parameters) == (True,) * 3
    assert divi.runner(supports_expval=False).supports_expval is False
    assert (runner.shots, runner.max_retries, runner.polling_interval) == (1000, None, 0.01)
    with pytest.raises(ValueError, match="0"):
        divi.runner(shots=0)


def test_nothing_is_sent_before_the_first_submission(service, runner):
    """Weak spot 1: a runner can be built offline, and costs nothing until it is used."""
    assert service.requests == []


def test_circuits_by_label_from_submission_to_results(service, divi, runner):
    """Two requests, polls until the job has ended, rows in the order of submission."""
    service.rows = [row("a", {"11": 3}), row("b", {"00": 5})]
    service.status = "PENDING"
    submitted = runner.submit_circuits({"b": BELL, "a": BELL})
    assert submitted.is_async()
    [body] = service.bodies(ADD)
    assert {label: unpacked(text) for label, text in body["circuits"].items()} == {
        "b": BELL,
        "a": BELL,
    }
    assert body["shots"] == 1000
    heard, ended = [], []

    def progress(number, word):
        heard.append((number, word))
        service.status = "RUNNING" if word == "PENDING" else "COMPLETED"

    status = runner.poll_job_status(
        submitted, loop_until_complete=True, progress_callback=progress, on_complete=ended.append
    )
    assert status is divi.backends.JobStatus.COMPLETED
    assert [number for number, _ in heard] == list(range(1, len(heard) + 1))
    assert list(dict.fromkeys(word for _, word in heard)) == ["PENDING", "RUNNING"]
    [response] = ended
    # A response, as the vendor hands over, and what Divi before 0.14 reads the time from.
    assert isinstance(response, requests.Response)
    assert isinstance(response, dict)
    assert response.ok
    assert response.json() == response == {"status": "COMPLETED", "run_time": 1.5}
    done = runner.get_job_results(submitted)
    assert done.results == [
        {"label": "b", "results": {"00": 5}},
        {"label": "a", "results": {"11": 3}},
    ]
    assert getattr(done, "run_time", 1.5) == 1.5
    assert len(service.asked("POST", INIT)) == len(service.asked("POST", ADD)) == 1


def test_circuits_in_a_row_and_qiskits_own(service, runner):
    """Labelled by their places, and written as OpenQASM 2."""
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    circuit.measure(0, 0)
    runner.submit_circuits([BELL, circuit])
    runner.submit_circuits({7: BELL})
    body, numbered = service.bodies(ADD)
    assert list(numbered["circuits"]) == ["7"]
    assert list(body["circuits"]) == ["0", "1"]
    assert "x q[0];" in unpacked(body["circuits"]["1"])


def test_payloads_with_parameters_travel_as_templates(service, newer):
    """One template with its points; payloads without parameters are plain circuits."""
    points = (("zero", (0.0,)), ("one", (1.5,)))
    payload = SimpleNamespace(circuit=TURNED, parameter_names=("t",), parameter_sets=points)
    bound = SimpleNamespace(circuit=BELL, parameter_names=(), parameter_sets=(("a/1", ()),))
    runner = newer.runner()
    runner.submit_circuits([payload])
    runner.submit_circuits([bound])
    first, second = service.bodies(ADD)
    assert unpacked(first["circuit_template"]) == TURNED
    assert first["parameter_names"] == ["t"]
    assert first["parameter_sets"] == [
        {"label": "zero", "values": [0.0]},
        {"label": "one", "values": [1.5]},
    ]
    assert unpacked(second["circuits"]["a/1"]) == BELL


def test_templates_of_the_older_interface(service, runner):
    """They come by a method of their own, and may come with observables."""
    entry = SimpleNamespace(
        template_qasm=TURNED, parameter_names=("t",), parameter_sets=(("a", (1.0,)),)
    )
    runner.submit_circuit_templates([entry], ham_ops="ZI")
    [body] = service.bodies(ADD)
    assert body["parameter_sets"] == [{"label": "a", "values": [1.0]}]
    assert body["observables"].startswith("@gzs2:")
    with pytest.raises(ValueError, match="at least one template"):
        runner.submit_circuit_templates([])


PAYLOAD = SimpleNamespace(circuit=BELL, parameter_names=(), parameter_sets=(("a", ()),))
UNBOUND = QuantumCircuit(1)
UNBOUND.rx(Parameter("t"), 0)


@pytest.mark.parametrize(
    ("payloads", "options", "error"),
    [
        (BELL, {}, (TypeError, "collection of circuits")),
        (None, {}, (TypeError, "collection of circuits")),
        ({}, {}, (ValueError, "at least one circuit")),
        ([], {}, (ValueError, "at least one circuit")),
        ([BELL, PAYLOAD], {}, (TypeError, "mixed")),
        ([7], {}, (TypeError, "'0' must be OpenQASM")),
        ([UNBOUND], {}, (ValueError, "'0' cannot be written")),
        ([PAYLOAD, PAYLOAD], {}, (ValueError, "same label")),
        ([BELL], {"ham_ops": "ZZ", "shot_groups": [[0, 1, 5]]}, (ValueError, "exclude each other")),
        ([BELL], {"ham_ops": "ZZ", "job_type": "EXECUTE"}, (ValueError, "job_type EXECUTE")),
        ([BELL], {"job_type": "EXPECTATION"}, (ValueError, "job_type EXPECTATION")),
        ([BELL], {"ham_ops": "ZZ;"}, (InvalidInputError, "empty")),
        ([BELL], {"ham_ops": ""}, (InvalidInputError, "empty")),
        ([BELL], {"ham_ops": "ZZ|XX", "circuit_ham_map": [[0, 1]]}, (InvalidInputError, "ranges")),
        ([BELL], {"circuit_ham_map": [[0, 1]]}, (InvalidInputError, "needs these")),
        ([BELL], {"ham_ops": "ZZ", "circuit_ham_map": [[0]]}, (InvalidInputError, "circuit map")),
        ([BELL], {"shot_groups": [[0, 1]]}, (InvalidInputError, "shot groups")),
        (["OPENQASM 2.0; oops q;"], {}, (ProgramSyntaxError, "circuit '0'")),
        ([BELL], {"override_execution_config": {"new": 1}}, (InvalidInputError, "'new'")),
        (
            [BELL],
            {"override_execution_config": {"simulator_type": 99}},
            (InvalidInputError, "99"),
        ),
        ([BELL], {"no_such_option": 1}, (TypeError, "no_such_option")),
    ],
    ids=range(21),
)
@pytest.mark.parametrize("event", [None, threading.Event()], ids=["", "event"])
def test_what_makes_no_job_is_refused_before_one_is_opened(newer, payloads, options, error, event):
    """The error is the same with and without an event, and never a group of errors."""
    with pytest.raises(error[0], match=error[1]):
        newer.runner().submit_circuits(payloads, cancellation_event=event, **options)
    assert newer.service.requests == []


def test_observables_for_single_circuits_are_sent_and_checked(service, runner):
    """A map gives each circuit its own; a value of another observable is not taken for it."""
    service.rows = [
        {"label": "b", "results": {"IZ": 0.5}},
        {"label": "a", "results": {"ZZ": 1.0, "XX": 1}},
    ]
    submitted = runner.submit_circuits(
        {"a": BELL, "b": BELL}, ham_ops="ZZ;XX|IZ", circuit_ham_map=[[0, 1], [1, 2]]
    )
    [opening] = service.bodies(INIT)
    assert opening["job_type"] == "EXPECTATION"
    assert service.bodies(ADD)[0]["circuit_ham_map"] == [[0, 1], [1, 2]]
    rows = runner.get_job_results(submitted).results
    assert rows == [
        {"label": "a", "results": {"ZZ": 1.0, "XX": 1.0}},
        {"label": "b", "results": {"IZ": 0.5}},
    ]
    service.rows = [{"label": "b", "results": {"ZZ": 0.5, "XX": 0.5}}]
    with pytest.raises(ResultError, match="'b' has no value of IZ, only of ZZ, XX"):
        runner.get_job_results(submitted)


def test_short_observables_act_on_the_first_qubits_and_say_so(service, runner):
    """As the vendor's class does: with one warning, at the line that submitted."""
    with pytest.warns(UserWarning, match="'Z' is sent as 'ZI'") as found:
        runner.submit_circuits([BELL], ham_ops="Z;X")
    assert found[0].filename == __file__
    assert len(found) == 1
    wide = "OPENQASM 2.0; qubit[2] q; qubit r; h r;"
    with pytest.raises(InvalidInputError, match="too short for circuits of 2, 3 qubits"):
        runner.submit_circuits([BELL, wide], ham_ops="Z")
    runner.submit_circuits([BELL, wide], ham_ops="ZI|ZII", circuit_ham_map=[[0, 1], [1, 2]])
    assert len(service.bodies(INIT)) == 2


def test_configurations_of_one_job(service, divi):
    """Target, shots and tag of a job's own; what it does not say, the runner's own words say."""
    runner = divi.runner(target="gpu_cluster", shots=7, tag="mine")
    silent = SimpleNamespace(shots=None, simulator_cluster=None, tag="default")
    named = SimpleNamespace(
        shots=9, simulator_cluster=SimpleNamespace(name="qoro_maestro"), tag="exp"
    )
    packed = SimpleNamespace(qpu_system="lab_qpu", use_circuit_packing=True)
    for config in (None, silent, named, packed):
        runner.submit_circuits([BELL], **{divi_word(divi): config})
    openings = service.bodies(INIT)
    targets = [o.get("simulator_cluster") or o.get("qpu_system_name") for o in openings]
    assert targets == ["gpu_cluster", "gpu_cluster", "qoro_maestro", "lab_qpu"]
    assert [o["tag"] for o in openings] == ["mine", "mine", "exp", "mine"]
    assert [o["use_packing"] for o in openings] == [False, False, False, True]
    assert [body["shots"] for body in service.bodies(ADD)] == [7, 7, 9, 7]


def divi_word(divi):
    """What an argument is called."""
    return "job_config" if divi.is_newer else "override_job_config"


def test_configurations_of_execution(service, newer):
    """Each kind travels as Divi itself would write it."""
    runner = newer.runner()
    maestro = SimpleNamespace(seed=3, precision=None)
    older = SimpleNamespace(to_payload=lambda: {"bond_dimension": 8, "simulator_type": 1})
    device = SimpleNamespace(to_payload=lambda: {"TRANSPILE_LEVEL": 2})
    runner.submit_circuits([BELL], maestro_config=maestro)
    runner.submit_circuits([BELL], override_execution_config=older)
    on_qpu = SimpleNamespace(qpu_system="lab_qpu")
    runner.submit_circuits([BELL], device_config=device, job_config=on_qpu)
    runner.submit_circuits([BELL], maestro_config={"seed": 4})
    found = service.bodies(INIT)
    assert found[0]["maestro_config"] == {"seed": 3}
    assert found[1]["execution_configuration"] == {"bond_dimension": 8, "simulator_type": 1}
    assert found[2]["device_config"] == {"TRANSPILE_LEVEL": 2}
    assert found[3]["maestro_config"] == {"seed": 4}


@pytest.mark.parametrize("word", ["PENDING", "RUNNING", "COMPLETED", "FAILED", "THINKING"])
def test_one_poll_is_one_request(service, divi, runner, word):
    """It answers with Divi's word, or with the service's own where Divi has none (weak spot 12)."""
    says(service, word)
    status = runner.poll_job_status(job(divi))
    known = {s.value: s for s in divi.backends.JobStatus}
    assert status == known.get(word, word)
    assert len(service.requests) == 1


@pytest.mark.parametrize("word", ["FAILED", "CANCELLED", "INSUFFICIENT_CREDITS", "TIMED_OUT"])
def test_a_job_without_results(service, divi, runner, word):
    """Newer Divi is told by its own exceptions, older Divi by the status."""
    says(service, "THINKING", word)
    heard = []
    if not divi.is_newer:
        status = runner.poll_job_status(
            job(divi), loop_until_complete=True, on_complete=heard.append
        )
        assert getattr(status, "value", status) == word
        assert heard == [{"status": word, "run_time": 0.0}]
        return
    with pytest.raises(divi.backends.QoroJobError) as found:
        runner.poll_job_status(job(divi), loop_until_complete=True)
    assert (found.value.job_id, found.value.status.value) == (JOB, word)


def test_a_limit_of_polls_leaves_the_job_running(service, divi):
    """Weak spot 9: the error names it, and nothing is cancelled; asking again goes on."""
    service.status = "RUNNING"
    runner = divi.runner(max_retries=2)
    heard = []
    with pytest.raises(WaitTimeoutError, match=f"{JOB} has not ended after 2 polls"):
        runner.poll_job_status(
            job(divi), loop_until_complete=True, progress_callback=lambda *told: heard.append(told)
        )
    assert heard == [(1, "RUNNING"), (2, "RUNNING")]
    assert service.asked("POST", CANCEL) == []
    service.status = "COMPLETED"
    assert runner.poll_job_status(job(divi), loop_until_complete=True).value == "COMPLETED"


def test_an_interrupt_cancels_the_job_unless_somebody_else_looks_after_it(service, divi, runner):
    """Weak spot 16: in any thread and under any signal handler, the job is not forgotten."""
    service.status = "RUNNING"

    def interrupt(*_):
        raise KeyboardInterrupt

    caught = []

    def work(event):
        try:
            runner.poll_job_status(
                job(divi),
                loop_until_complete=True,
                progress_callback=interrupt,
                cancellation_event=event,
            )
        except KeyboardInterrupt as error:
            caught.append(error)

    for event, cancels in ((None, 1), (threading.Event(), 1)):
        thread = threading.Thread(target=work, args=[event])
        thread.start()
        thread.join()
        assert len(service.asked("POST", CANCEL)) == cancels
    assert len(caught) == 2


def test_an_event_ends_the_waiting_between_polls(service, divi, runner):
    """The one who set it decides what becomes of the job."""
    service.status = "RUNNING"
    event = threading.Event()
    with pytest.raises(divi.cancelled, match=JOB):
        runner.poll_job_status(
            job(divi),
            loop_until_complete=True,
            progress_callback=lambda *_: event.set(),
            cancellation_event=event,
        )
    with pytest.raises(divi.cancelled):
        runner.submit_circuits([BELL], cancellation_event=event)
    assert service.asked("POST", CANCEL) == service.asked("POST", INIT) == []


def test_an_interrupt_stays_one_where_the_job_cannot_be_cancelled(service, newer, caplog):
    """The job is named in the log, and whoever pressed Ctrl-C gets away."""
    service.status = "RUNNING"
    service.then("POST", CANCEL, httpx.Response(403, json={"detail": "not yours"}))

    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        newer.runner().poll_job_status(
            job(newer), loop_until_complete=True, progress_callback=interrupt
        )
    assert f"job {JOB} may go on" in caplog.text


@pytest.mark.parametrize("call", ["poll", "submit"])
def test_an_event_ends_a_request_under_way(service, divi, call):
    """Weak spot 22: also in the middle of an upload, whose job is then cancelled."""
    event = threading.Event()

    async def slow(request):
        answer = service(request)
        if request.url.path.endswith((STATUS, ADD)):
            event.set()
            await anyio.sleep_forever()
        return answer

    options = SessionOptions(transport=httpx.MockTransport(slow))
    with divi.module.QoroRunner(client(service, options=options)) as runner:
        with pytest.raises(divi.cancelled):
            if call == "poll":
                runner.poll_job_status(job(divi), cancellation_event=event)
            else:
                runner.submit_circuits([BELL], cancellation_event=event)
    assert len(service.asked("POST", CANCEL)) == (call == "submit")


def test_cancelling_twice_is_harmless(service, divi, runner):
    """Divi cancels what may have ended by itself."""
    service.status = "RUNNING"
    assert runner.cancel_job(job(divi)).json() == {"status": "cancelled", "job_id": JOB}
    ended = httpx.Response(409, json={"error": "Can only cancel a PENDING or RUNNING job"})
    service.then("POST", CANCEL, ended)
    service.status = "CANCELLED"
    runner.cancel_job(job(divi))
    with pytest.raises(getattr(divi.backends, "QoroJobError", AssertionError)):
        assert runner.poll_job_status(job(divi), loop_until_complete=True).value != "CANCELLED"
    assert runner.cancel_job(job(divi)) is None


def test_a_result_of_no_job_is_refused(divi, runner):
    """Every operation that needs a job says that there is none."""
    nothing = divi.backends.ExecutionResult()
    for operation in (runner.poll_job_status, runner.get_job_results, runner.cancel_job):
        with pytest.raises(ValueError, match="no job"):
            operation(nothing)


def test_jobs_of_another_runner_are_read_in_the_services_order(service, divi, runner):
    """A runner that did not submit a job still fetches its results."""
    service.rows = [row("b", {"1": 1}, 1), row("a", {"0": 1}, 1)]
    found = runner.get_job_results(job(divi)).results
    assert [one["label"] for one in found] == ["b", "a"]


def test_depths_are_recorded_only_where_they_are_asked_for(divi):
    """Weak spot 21: circuits are not parsed by Qiskit unless somebody wants their depth."""
    strange = BELL.replace("measure", "iswap q[0],q[1]; measure")  # which Qiskit's parser lacks
    plain = divi.runner()
    plain.submit_circuits([strange])
    assert plain.depth_history == []
    tracking = divi.runner(track_depth=True)
    included = BELL.replace("OPENQASM 2.0;", 'OPENQASM 2.0; include "qelib1.inc";')
    tracking.submit_circuits([included, included])
    assert tracking.depth_history == [[3, 3]]


def test_the_blocking_client_is_taken_as_well(service, newer):
    """Whichever of the two clients somebody has."""
    blocking = qa.QoroClient(api_key="golden", url=BASE)
    with newer.module.QoroRunner(blocking) as runner:
        assert runner.shots == 1000
    assert not blocking.is_open
