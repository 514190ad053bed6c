"""What else Divi's users rely on: targets, responses, the vendor's own operations and names."""

from __future__ import annotations

import io
import os
from contextlib import chdir, redirect_stderr
from types import SimpleNamespace
from unittest.mock import patch

import httpx
import pytest

import quantum_async as qa
from quantum_async.errors import ConfigurationError, ConflictError
from tests.integrations.divi.test_runner import ADD, BELL, INIT, job
from tests.providers.qoro.service import JOB
from tests.providers.qoro.test_client import row

LOCKED = "locked"
"""A key that the sandbox refuses."""
CLUSTER = SimpleNamespace(simulator_cluster=SimpleNamespace(name="gpu_cluster"))
QPU = SimpleNamespace(qpu_system="lab_qpu", simulator_cluster=None)


@pytest.mark.parametrize(
    ("options", "can", "asks"),
    [
        ({}, True, 0),
        ({"target": "gpu_cluster"}, True, 2),
        ({"target": "lab_qpu"}, False, 2),
        ({"job_config": CLUSTER}, True, 2),
        ({"job_config": QPU}, False, 2),
        ({"force_sampling": True}, False, 0),
        ({"job_config": SimpleNamespace(force_sampling=True)}, False, 0),
        ({"target": "lab_qpu", "supports_expval": True}, True, 0),
        ({"supports_expval": False}, False, 0),
    ],
    ids="usual cluster qpu config-cluster config-qpu forced config-forced told told-not".split(),
)
def test_whether_values_are_computed_is_read_from_the_target(service, divi, options, can, asks):
    """A quantum computer computes none, so that Divi samples there; who forces counts gets them."""
    runner = divi.runner(**options)
    assert [runner.supports_expval, runner.supports_expval] == [can, can]
    assert len(service.requests) == asks


def test_observables_are_refused_where_counts_are_forced(service, newer):
    """As the vendor's class does; a target that computes none refuses them as well."""
    forced = newer.runner(force_sampling=True)
    with pytest.raises(ValueError, match="force_sampling"):
        forced.submit_circuits([BELL], ham_ops="ZZ")
    with pytest.raises(ValueError, match="force_sampling"):
        newer.runner().submit_circuits(
            [BELL], ham_ops="ZZ", job_config=SimpleNamespace(force_sampling=True)
        )
    with pytest.raises(ValueError, match="lab_qpu computes no expectation values"):
        newer.runner(target="lab_qpu").submit_circuits([BELL], ham_ops="ZZ")
    assert service.asked("POST", INIT) == []


def test_configurations_of_the_runner_are_used_where_they_fit(service, newer):
    """A simulator's on simulators, a quantum computer's there; a job's own instead of them."""
    runner = newer.runner(
        maestro_config={"seed": 1},
        device_config={"TRANSPILE_LEVEL": 2},
        execution_config={"bond_dimension": 8, "simulator_type": 1},
        job_config=SimpleNamespace(shots=9, tag="exp"),
    )
    assert runner.shots == 9
    runner.submit_circuits([BELL])
    runner.submit_circuits([BELL], job_config=QPU)
    runner.submit_circuits([BELL], maestro_config={"seed": 5})
    runner.submit_circuits([BELL], override_execution_config={"bond_dimension": 4})
    first, second, third, fourth = service.bodies(INIT)
    assert first["maestro_config"] == {"seed": 1}
    assert first["execution_configuration"] == {"bond_dimension": 8, "simulator_type": 1}
    assert second["device_config"] == {"TRANSPILE_LEVEL": 2}
    assert not {"maestro_config", "execution_configuration"} & set(second)
    assert third["maestro_config"] == {"seed": 5}
    assert fourth["execution_configuration"] == {"bond_dimension": 4, "simulator_type": 1}
    assert {opening["tag"] for opening in (first, second, third, fourth)} == {"exp"}
    assert {body["shots"] for body in service.bodies(ADD)} == {9}
    plainly = newer.runner(shots=3, tag="said", job_config=SimpleNamespace(shots=9, tag="exp"))
    plainly.submit_circuits([BELL])
    assert plainly.shots == service.bodies(ADD)[-1]["shots"] == 3
    assert service.bodies(INIT)[-1]["tag"] == "said"


def test_arguments_without_names_are_those_of_the_generation(service, divi, runner):
    """Third comes what is called at the end before 0.14, and whether to show the wait since."""
    service.rows = [row("0", {"11": 3})]
    submitted = runner.submit_circuits(circuits=[BELL])
    heard = []
    more = (False, None, None) if divi.is_newer else (heard.append, False, None, None)
    runner.poll_job_status(submitted, True, *more)
    assert [each.json()["run_time"] for each in heard] == ([] if divi.is_newer else [1.5])
    with pytest.raises(TypeError, match="nonsense"):
        runner.poll_job_status(submitted, nonsense=True)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


def test_a_wait_is_shown_where_it_is_seen(service, divi, runner):
    """On a terminal unless it is told not to; a progress callback is shown in its place."""
    screen = Terminal()

    def status(_):
        word = "COMPLETED" if screen.getvalue() else "RUNNING"
        return httpx.Response(200, json={"status": word})

    service.then("GET", "/status/", *[status] * 10_000)
    with redirect_stderr(screen):
        runner.poll_job_status(job(divi), loop_until_complete=True)
    assert JOB in screen.getvalue()
    with redirect_stderr(Terminal()) as other:
        runner.poll_job_status(job(divi), loop_until_complete=True, verbose=False)
    assert other.getvalue() == ""


def test_credits_are_what_the_service_says(service, divi, runner):
    """Amounts are texts, as the vendor's class returns them."""
    balance = {
        "balance": "500.00",
        "total_used": "0",
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
    }
    service.then("GET", "/credits/", httpx.Response(200, json=balance))
    assert runner.get_credit_balance() == balance
    moved = {"id": "1", "amount": "500.00", "transaction_type": "PURCHASE"}
    page = {"count": 1, "total_pages": 1, "next": None, "results": [moved]}
    service.then("GET", "/credits/transactions/", httpx.Response(200, json=page))
    found = runner.get_credit_transactions(page_size=5)
    assert found["results"][0]["amount"] == "500.00"
    assert dict(service.requests[-1].url.params) == {"page": "1", "page_size": "5"}


def test_jobs_are_deleted_and_configured(service, divi, runner):
    """By Divi's own handles; what is answered is what the vendor's class answers."""
    deleted = runner.delete_job(job(divi))
    assert (deleted.status_code, deleted.ok) == (204, True)
    assert service.routes[-1] == f"DELETE /job/{JOB}"
    wanted = {"bond_dimension": 8, "simulator_type": 1}
    stored = {"status": "ok", "job_id": JOB, "execution_configuration": wanted}
    service.then("POST", "/execution_config/", httpx.Response(200, json=stored))
    config = SimpleNamespace(to_payload=lambda: wanted)
    assert runner.set_execution_config(job(divi), config) == stored
    assert service.bodies("/execution_config/") == [wanted]
    service.then("GET", "/execution_config/", httpx.Response(200, json=stored))
    found = runner.get_execution_config(job(divi))
    assert vars(found) == wanted if not divi.is_newer else found == wanted
    for get in (runner.get_maestro_config, runner.get_device_config):
        service.then("GET", "/execution_config/", httpx.Response(200, json={"job_id": JOB}))
        assert get(job(divi)) is None
    late = httpx.Response(409, json={"error": "Job is not in PENDING status"})
    service.then("POST", "/execution_config/", late)
    with pytest.raises(ConflictError, match="not in PENDING"):
        runner.set_execution_config(job(divi), wanted)


def test_problems_are_characterised(service, divi, runner):
    """Submitted once under the generation's names, fetched for nothing once they have ended."""
    reply = {"job_id": JOB, "status": "COMPLETED", "report": {"regime": "exact"}}
    service.then("GET", "/validation_result/", *[httpx.Response(200, json=reply)] * 2)
    states = "reference_states" if divi.is_newer else "target_states"
    found = runner.characterize_and_validate({"0": -1.0}, **{states: ["1"]}, tag="mine")
    assert (found["job_id"], found["report"]) == (JOB, {"regime": "exact"})
    assert service.bodies("/submit_qubo/") == [{"qubo": {"0": -1.0}, states: ["1"]}]
    assert service.bodies(INIT)[0]["tag"] == "mine"
    service.then("GET", "/status/", httpx.Response(200, json={"status": "RUNNING"}))
    assert runner.characterize_and_validate(job_id=JOB)["report"] == {"regime": "exact"}
    service.status = "FAILED"
    ended = runner.characterize_and_validate(job_id=JOB)
    assert ended == {"job_id": JOB, "status": "FAILED"}
    service.then("GET", "/html/", httpx.Response(200, text="<b>report</b>"))
    assert runner._fetch_characterization_html(JOB) == "<b>report</b>"  # as Divi's results ask
    with pytest.raises(ValueError, match="qubo"):
        runner.characterize_and_validate()
    if divi.is_newer:
        with pytest.raises(ValueError, match="reference state"):
            runner.characterize_and_validate({"0": -1.0})


@pytest.mark.parametrize(
    "case",
    [(True, False, True), (True, LOCKED, True), (False, True, True), (LOCKED, True, False)],
    ids="file file-first environment file-wrong".split(),
)
def test_the_key_is_found_where_the_vendors_class_finds_it(blocking_sandbox, newer, tmp_path, case):
    """In a file called .env here or above, else in the environment."""
    in_file, in_environment, works = case
    blocking_sandbox.reset()
    given = blocking_sandbox.env("qoro")
    key = given.pop("QORO_API_KEY")
    if in_environment:
        given["QORO_API_KEY"] = key if in_environment is True else in_environment
    if in_file:
        (tmp_path / ".env").write_text(f"QORO_API_KEY={key if in_file is True else in_file}\n")
    folder = tmp_path / "below"
    folder.mkdir()
    with chdir(folder), patch.dict(os.environ, given):
        runner = newer.module.QoroRunner()
    with runner:
        if works:
            assert runner.get_credit_balance()["balance"] == "500.00"
        else:
            with pytest.raises(qa.AuthenticationError):
                runner.get_credit_balance()


def test_a_key_may_be_given_by_the_vendors_name_for_it(newer):
    """And a runner without any says what is missing."""
    with newer.module.QoroRunner(auth_token="golden") as runner:
        assert "golden" not in repr(vars(runner))
    with pytest.raises((ConfigurationError, qa.AuthenticationError)):
        newer.module.QoroRunner(auth_token="bad\nkey")
