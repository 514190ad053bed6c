"""``jobs`` and ``doctor``: what a journal holds, and what is done about it."""

from __future__ import annotations

import os
import sqlite3
import sys
import uuid
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

import quantum_async as qa
from quantum_async.cli.doctor import ask_for_choice
from quantum_async.journal.records import Place, Submission
from quantum_async.journal.schema import FORMAT
from quantum_async.journal.sql import SqlJournal
from quantum_async.models.submission import BatchRequest, JobSpec, SubmitRequest
from tests.cli.conftest import Ran, command, with_variables
from tests.journal.helpers import kill, submission


@pytest.fixture
def journal(rotation: Path, tmp_path: Path) -> Path:
    """A journal with a finished sweep."""
    path = tmp_path / "jobs.db"
    ran = sweep(rotation, path)
    assert ran.code == 0
    return path


def sweep(rotation: Path, path: Path) -> Ran:
    return command(
        "sweep", rotation, "--param", "theta=0,pi", "--shots", 10, "--journal", path, "--json"
    )


def test_the_same_command_continues_a_sweep(rotation: Path, journal: Path) -> None:
    """Running it again takes results from the journal; other points are another sweep."""
    first = command("jobs", "list", "--journal", journal, "--all", "--json").document
    assert sweep(rotation, journal).document["points"][1]["counts"] == {"1": 10}
    again = command("jobs", "list", "--journal", journal, "--all", "--json").document
    assert first["jobs"] == again["jobs"]
    assert len(first["jobs"]) == 2
    ran = command("sweep", rotation, "--param", "theta=0,1,2", "--shots", 10, "--journal", journal)
    assert ran.code == 0


def test_jobs_are_listed_and_shown(journal: Path) -> None:
    """Finished jobs are listed on request, and one is shown with what it measured."""
    assert "2 finished jobs are not shown" in command("jobs", "list", "--journal", journal).out
    assert command("jobs", "list", "--journal", journal, "--json").document["jobs"] == []
    jobs = command("jobs", "list", "--journal", journal, "--all", "--json").document["jobs"]
    assert [job["state"] for job in jobs] == ["fetched"] * 2
    assert "local:" in command("jobs", "list", "--journal", journal, "--all").out
    shown = command("jobs", "show", jobs[1]["key"][:10], "--journal", journal, "--json").document
    assert shown["counts"] == {"1": 10}
    assert "counts\t1: 10\n" in command("jobs", "show", jobs[1]["key"], "--journal", journal).out
    unknown = command("jobs", "show", "nothing", "--journal", journal)
    assert (unknown.code, "0 jobs" in unknown.err) == (2, True)


def test_a_missing_journal_is_said(tmp_path: Path) -> None:
    """No verb makes a new journal where none is."""
    for verb in (("jobs", "list"), ("jobs", "resume"), ("doctor",)):
        ran = command(*verb, "--journal", tmp_path / "none.db")
        assert (ran.code, "no journal at" in ran.err) == (1, True)
    assert not list(tmp_path.iterdir())


def test_nothing_to_do(journal: Path) -> None:
    """Where everything has an end, resume and doctor say so."""
    assert command("jobs", "resume", "--journal", journal).out == "nothing to resume\n"
    assert command("jobs", "resume", "--journal", journal, "--json").document == {"jobs": []}
    ran = command("doctor", "--journal", journal)
    assert ran.code == 0
    assert "nothing is left over" in ran.out.splitlines()[-1]
    assert f"journal {journal}: format {FORMAT}, 1 run, 2 jobs (2 fetched), no batches" in ran.out


def leave_behind(path: Path, *, send: bool) -> None:
    """Die after writing down a local job."""

    async def die() -> None:
        dead = SqlJournal(path)
        await dead.open()
        program = qa.Program("OPENQASM 3; qubit q; bit c; c = measure q;", qa.ProgramFormat.QASM3)
        sent = submission(dead)
        job = replace(sent.jobs[0], program=program, variables={})
        await dead.intend(replace(sent, provider="local", target="automatic", jobs=(job,)), None)
        if send:
            await dead.accepted(sent.key, [qa.JobRef("local", "1", "automatic", job.key)])
            await dead.ask(lambda t: None)
        await kill(dead)

    anyio.run(die)


@pytest.mark.parametrize("send", [False, True])
def test_resume_finishes_what_was_left(tmp_path: Path, *, send: bool) -> None:
    """A job that a dead process left behind is run to its end."""
    path = tmp_path / "j.db"
    leave_behind(path, send=send)
    ran = command("doctor", "--journal", path, "--json")
    assert ran.code == 1
    assert ran.document["action"] == "leave"
    assert len(ran.document["jobs"]) + len(ran.document["submissions"]) == 1
    ran = command("jobs", "resume", "--journal", path, "--json")
    assert ran.code == 0
    assert [job["counts"] for job in ran.document["jobs"]] == [{"0": 10}]
    assert command("doctor", "--journal", path).code == 0


@pytest.mark.parametrize("options", [["--yes"], ["--yes", "--cancel"]])
def test_doctor_ends_what_was_left(tmp_path: Path, options: list[str]) -> None:
    """With --yes jobs are adopted, with --cancel as well they are cancelled."""
    path = tmp_path / "j.db"
    leave_behind(path, send=True)
    leave_behind(path, send=False)
    assert command("doctor", "--journal", path, *options).code == 0
    jobs = command("jobs", "list", "--journal", path, "--all", "--json").document["jobs"]
    expected = {"cancelled", "rejected"} if "--cancel" in options else {"fetched"}
    assert {job["state"] for job in jobs} == expected
    assert "\nnothing is left over: " in command("doctor", "--journal", path).out


def leave_batches(sandbox, path: Path) -> None:
    """Die with three open batches, one of which the journal knows only by its key."""
    from tests.providers.pasqal.real import rabi

    async def die() -> None:
        dead = SqlJournal(path)
        await dead.open()
        async with sandbox.client("pasqal") as client:
            for number in range(3):
                request = BatchRequest(f"{number}" * 32, "EMU_FREE", rabi(), name="mine")
                await dead.intend_batch(request, client.name, client.account)
                ref = await client.open_batch(request)
                if number:
                    await dead.batch_opened(ref)
        await dead.ask(lambda t: None)
        await kill(dead)

    anyio.run(die)


@pytest.mark.parametrize("known", [True, False])
def test_doctor_never_calls_a_job_cancelled_that_had_succeeded(
    blocking_sandbox,
    tmp_path: Path,
    *,
    known: bool,
) -> None:
    """Its result is paid for: it is left to be adopted, whether or not its answer had arrived."""
    from tests.providers.pasqal.real import rabi

    path, variables = tmp_path / "j.db", blocking_sandbox.env("pasqal")

    async def die() -> None:
        dead = SqlJournal(path)
        await dead.open()
        job = JobSpec(uuid.uuid4().hex, rabi(), 10, {"omega": 1.0})
        async with blocking_sandbox.client("pasqal") as client:
            request = SubmitRequest(uuid.uuid4().hex, "EMU_FREE", (job,))
            place = Place(dead.scope)
            sent = Submission(
                request.key, client.name, client.account, request.target, (job,), (place,)
            )
            await dead.intend(sent, None)
            await dead.sending(sent.key)
            refs = await client.submit(request)
            if known:
                await dead.accepted(sent.key, refs)
            while not (await client.poll(refs))[refs[0]].status.is_terminal:
                await anyio.sleep(0.02)
        await dead.ask(lambda t: None)
        await kill(dead)

    anyio.run(die)
    ran = with_variables(variables, "doctor", "--journal", path, "--yes", "--cancel")
    assert ran.code == 1
    assert "left over:" in ran.out
    ran = with_variables(variables, "doctor", "--journal", path, "--yes")
    assert (ran.code, "left over:" in ran.out) == (0, False)
    jobs = command("jobs", "list", "--journal", path, "--all", "--json").document["jobs"]
    assert [job["state"] for job in jobs] == ["fetched"]


def test_a_batch_that_cannot_be_closed_keeps_no_other_open(
    blocking_sandbox,
    tmp_path: Path,
) -> None:
    """What can be ended is ended; the rest is told, and left for the next time."""
    path, variables = tmp_path / "j.db", blocking_sandbox.env("pasqal")
    leave_batches(blocking_sandbox, path)
    refusal = {"method": "PATCH", "route": "*/cancel", "nth": 1, "fault": "status:400"}
    blocking_sandbox.set_faults([refusal])
    ran = with_variables(variables, "doctor", "--journal", path, "--yes", "--cancel")
    assert ran.code == 1
    assert "may still be open" in ran.err
    assert blocking_sandbox.stats()["pasqal"]["batches_open"] == 1
    assert with_variables(variables, "doctor", "--journal", path, "--yes", "--cancel").code == 0
    assert blocking_sandbox.stats()["pasqal"]["batches_open"] == 0


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
async def test_the_doctors_question_can_be_left() -> None:
    """Waiting for an answer holds nobody up: it can be cancelled, as one Ctrl-C does."""
    import pty

    ours, theirs = pty.openpty()
    with os.fdopen(theirs) as terminal, os.fdopen(ours, "wb", buffering=0) as keys:
        with anyio.move_on_after(0.1) as scope:
            await ask_for_choice(terminal)
        assert scope.cancelled_caught
        keys.write(b"C\n")
        assert await ask_for_choice(terminal) == "cancel"
        keys.write(b"what?\n")
        assert await ask_for_choice(terminal) == "leave"


@pytest.mark.parametrize("options", [["--yes"], ["--yes", "--cancel"]])
def test_doctor_closes_every_batch(blocking_sandbox, tmp_path: Path, options) -> None:
    """After kill -9 with open batches none stays open, whether their ids were known or not."""
    path, variables = tmp_path / "j.db", blocking_sandbox.env("pasqal")
    leave_batches(blocking_sandbox, path)
    assert blocking_sandbox.stats()["pasqal"]["batches_open"] == 3
    listed = with_variables(variables, "doctor", "--journal", path, "--json").document
    assert len(listed["batches"]) == 3
    assert with_variables(variables, "doctor", "--journal", path, *options).code == 0
    assert blocking_sandbox.stats()["pasqal"]["batches_open"] == 0
    assert (
        with_variables(variables, "doctor", "--journal", path, "--json").document["batches"] == []
    )


ELSEWHERE = {"QORO_API_KEY": "k", "QUANTUM_ASYNC_QORO_URL": "http://127.0.0.1:9/api"}


@pytest.mark.parametrize("verb", [("jobs", "resume"), ("doctor", "--yes"), ("jobs", "cancel")])
def test_work_of_another_server_is_left_and_told(tmp_path: Path, verb: tuple[str, ...]) -> None:
    """No verb asks the server of the environment for jobs of another one, nor keeps silent."""
    path, server = tmp_path / "j.db", "http://127.0.0.1:8/api"

    async def die() -> str:
        dead = SqlJournal(path)
        await dead.open()
        sent = replace(submission(dead), provider="qoro", identity=server)
        await dead.intend(sent, None)
        key = sent.jobs[0].key
        await dead.accepted(sent.key, [qa.JobRef("qoro", "7", "one", key)])
        await dead.ask(lambda t: None)
        await kill(dead)
        return key

    key = anyio.run(die)
    words = (*verb, key) if verb[1] == "cancel" else verb
    ran = with_variables(ELSEWHERE, *words, "--journal", path)
    assert ran.code != 0
    assert server in ran.err + ran.out or verb[0] == "doctor"
    (job,) = command("jobs", "list", "--journal", path, "--json").document["jobs"]
    assert (job["state"], job["server"]) == ("accepted", server)


def leave_unknown(blocking_sandbox, path: Path, *, send: bool) -> tuple[str, str]:
    """Die while an answer of IQM is lost; return our key, and the id where there is one."""
    client = blocking_sandbox.client("iqm")
    circuit = 'OPENQASM 3; include "stdgates.inc"; qubit q; bit c; rx(pi) q; c = measure q;'
    program = qa.Program(circuit, qa.ProgramFormat.QASM3)

    async def die() -> tuple[str, str]:
        dead = SqlJournal(path)
        await dead.open()
        async with client:
            job = JobSpec(uuid.uuid4().hex, program, 10, {}, qa.IQMOptions())
            request = SubmitRequest(uuid.uuid4().hex, "garnet", (job,))
            place = (Place(dead.scope),)
            sent = Submission(
                request.key, "iqm", client.account, "garnet", (job,), place, None, client.identity
            )
            await dead.intend(sent, None)
            found = [ref.id for ref in await client.submit(request)] if send else [""]
        await kill(dead)
        return sent.key, found[0]

    return anyio.run(die)


def test_an_unknown_submission_is_listed_until_it_is_settled(blocking_sandbox, tmp_path) -> None:
    """Resuming fails with it each time, and so does the doctor; settled as lost it is over."""
    path, variables = tmp_path / "j.db", blocking_sandbox.env("iqm")
    key, _ = leave_unknown(blocking_sandbox, path, send=False)
    for _ in range(2):
        ran = with_variables(variables, "jobs", "resume", "--journal", path, "--json")
        assert ran.code == 1
        assert [job["error"]["type"] for job in ran.document["jobs"]] == ["SubmissionUnknownError"]
        assert f"jobs resolve {key}" in ran.err
        ran = with_variables(variables, "doctor", "--journal", path, "--yes", "--offline")
        assert (ran.code, key in ran.out) == (1, True)
        (job,) = command("jobs", "list", "--journal", path, "--json").document["jobs"]
        assert (job["state"], job["submission"]) == ("unknown", key)
    ran = command("jobs", "resolve", key[:12], "--lost", "--journal", path, "--json")
    assert ran.code == 0
    assert ran.document == {"submission": key, "outcome": "lost", "jobs": []}
    assert command("jobs", "resume", "--journal", path).out == "nothing to resume\n"
    again = command("jobs", "resolve", key, "--lost", "--journal", path)
    assert (again.code, "is not unknown" in again.err) == (1, True)


def test_an_unknown_submission_is_a_job_with_an_id(blocking_sandbox, tmp_path) -> None:
    """Settled with its id, by the key of its job, it is followed to its end."""
    path, variables = tmp_path / "j.db", blocking_sandbox.env("iqm")
    key, id_ = leave_unknown(blocking_sandbox, path, send=True)
    (job,) = command("jobs", "list", "--journal", path, "--json").document["jobs"]
    wrong = with_variables(
        variables, "jobs", "resolve", key, "--is", str(uuid.uuid4()), "--journal", path
    )
    assert wrong.code != 0
    ran = with_variables(
        variables, "jobs", "resolve", job["key"], "--is", id_, "--journal", path, "--json"
    )
    assert ran.code == 0, ran.err
    assert ran.document["outcome"] == "found"
    assert [job["job_id"] for job in ran.document["jobs"]] == [id_]
    assert sum(ran.document["jobs"][0]["counts"].values()) == 10
    (job,) = command("jobs", "list", "--all", "--journal", path, "--json").document["jobs"]
    assert (job["state"], job["error"]) == ("fetched", None)
    assert blocking_sandbox.stats()["iqm"]["jobs_created"] == 1


@pytest.mark.parametrize("words", [[], ["--lost", "--is", "7"]])
def test_settling_takes_one_word(journal: Path, words: list[str]) -> None:
    """Neither or both of the words is a mistake, and so is a key that nobody knows."""
    ran = command("jobs", "resolve", "abc", *words, "--journal", journal)
    assert (ran.code, "either lost" in ran.err) == (2, True)
    ran = command("jobs", "resolve", "abc", "--lost", "--journal", journal)
    assert (ran.code, "0 submissions" in ran.err) == (2, True)


def test_what_cannot_be_read_is_listed_everywhere(tmp_path: Path) -> None:
    """List, resume and doctor name the row and end with 1; what can be read goes on."""
    path = tmp_path / "j.db"
    leave_behind(path, send=True)
    leave_behind(path, send=True)
    with closing(sqlite3.connect(path)) as connection:
        (bad,) = connection.execute("SELECT min(key) FROM jobs").fetchone()
        strange = '{"~":"data","of":"quantum_async.sandbox.pytest_plugin:X","fields":{}}'
        connection.execute("UPDATE jobs SET options = ? WHERE key = ?", (strange, bad))
        connection.commit()
    for verb in (("jobs", "list"), ("doctor", "--offline"), ("jobs", "resume"), ("jobs", "resume")):
        ran = command(*verb, "--journal", path)
        assert (ran.code, bad in ran.out + ran.err) == (1, True), verb
    listed = command("jobs", "list", "--all", "--journal", path, "--json").document
    assert [row["key"] for row in listed["unreadable"]] == [bad]
    assert [job["state"] for job in listed["jobs"]] == ["fetched"]
    document = command("doctor", "--offline", "--journal", path, "--json").document
    assert [row["key"] for row in document["unreadable"]] == [bad]
    assert document["journal"]["unreadable"] == 1


def test_an_intent_shows_the_id_that_follows_from_it(tmp_path: Path) -> None:
    """Where the id is ours, a job whose answer never came is listed with it; elsewhere without."""
    path = tmp_path / "j.db"

    async def die() -> dict[str, str]:
        dead = SqlJournal(path)
        await dead.open()
        keys = {}
        for name in ("azure", "iqm", "stranger"):
            sent = replace(submission(dead), provider=name)
            await dead.intend(sent, None)
            keys[name] = sent.key
        await kill(dead)
        return keys

    keys = anyio.run(die)
    jobs = command("jobs", "list", "--journal", path, "--json").document["jobs"]
    found = {job["target"].partition(":")[0]: job["job_id"] for job in jobs}
    assert found == {"azure": str(uuid.UUID(keys["azure"])), "iqm": None, "stranger": None}
    assert str(uuid.UUID(keys["azure"])) in command("jobs", "list", "--journal", path).out
