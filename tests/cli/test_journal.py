"""The journal of ``run`` and ``sweep``: what it is for, where it is, and what continues by it."""

from __future__ import annotations

import sqlite3
import stat
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from quantum_async.sandbox import BlockingSandbox
from tests.cli.conftest import BELL, ROTATION, Ran, command, start, with_variables, written

IQM = ("--on", "iqm:garnet", "--option", "transpile=true", "--shots", 10)


def default_of(data: Path) -> Path:
    return data / "quantum-async" / "jobs.db"


def states(journal: Path) -> list[str]:
    """The states of a journal's jobs; none while it is not there yet."""
    if not journal.exists():
        return []
    with closing(sqlite3.connect(journal, timeout=30)) as connection:
        try:
            return [row[0] for row in connection.execute("SELECT state FROM jobs")]
        except sqlite3.OperationalError:
            return []


def created(sandbox: BlockingSandbox, provider: str = "iqm") -> int:
    return sandbox.stats()[provider]["jobs_created"]


def four(folder: Path) -> list[Path]:
    """Four programs that differ."""
    gates = ("h q[0];", "x q[0];", "h q[0]; h q[0];", "x q[0]; h q[0];")
    return [
        written(folder / f"{number}.qasm", BELL.replace("h q[0];", gate))
        for number, gate in enumerate(gates)
    ]


@pytest.fixture
def still():
    """A sandbox whose jobs wait until it is told to go on."""
    with BlockingSandbox(
        simulate=False, job_time=0.02, parallel=True, services=("iqm", "pasqal")
    ) as running:
        running.change(paused=True)
        yield running


@pytest.mark.skipif(sys.platform == "win32", reason="its files have no modes")
def test_a_remote_run_is_written_down(blocking_sandbox, bell: Path, data: Path) -> None:
    """Without a word there is a journal in the data folder, for its user alone, and every verb finds it."""
    data.joinpath("quantum-async").mkdir(mode=0o755)
    variables = blocking_sandbox.env("iqm")
    ran = with_variables(variables, "run", bell, *IQM, "--json")
    assert ran.code == 0, ran.err
    journal = default_of(data)
    assert stat.S_IMODE(journal.stat().st_mode) == 0o600
    assert stat.S_IMODE(journal.parent.stat().st_mode) == 0o700
    (job,) = command("jobs", "list", "--all", "--json").document["jobs"]
    assert job["job_id"] == ran.document["jobs"][0]["job_id"]
    assert job["state"] == "fetched"
    assert str(journal) in with_variables(variables, "doctor", "--offline").out


def test_the_journal_that_is_named_is_written(blocking_sandbox, tmp_path: Path, data: Path) -> None:
    """The flag wins over the environment, which wins over the data folder."""
    bell = written(tmp_path / "bell.qasm", BELL)
    named, other = tmp_path / "named.db", tmp_path / "other.db"
    variables = blocking_sandbox.env("iqm") | {"QUANTUM_ASYNC_JOURNAL": str(other)}
    assert with_variables(variables, "run", bell, *IQM).code == 0
    assert with_variables(variables, "run", bell, *IQM, "--journal", named).code == 0
    assert (len(states(named)), len(states(other))) == (1, 1)
    assert not default_of(data).exists()


def test_nothing_is_written_where_nobody_needs_it(blocking_sandbox, bell: Path, data: Path) -> None:
    """Not on the local provider, and not with --no-journal; a journal that is named is written."""
    assert command("run", bell, "--shots", 10).code == 0
    variables = blocking_sandbox.env("iqm")
    assert with_variables(variables, "run", bell, *IQM, "--no-journal").code == 0
    assert list(data.iterdir()) == []
    journal = bell.parent / "jobs.db"
    assert command("run", bell, "--shots", 10, "--journal", journal).code == 0
    assert states(journal) == ["fetched"]


def test_a_run_that_was_shown_is_measured_anew(blocking_sandbox, bell: Path) -> None:
    """Who asks again wants a new measurement; nothing is said of the old one."""
    variables = blocking_sandbox.env("iqm")
    for number in (1, 2, 3):
        ran = with_variables(variables, "run", bell, *IQM, "--json")
        assert (ran.code, ran.err) == (0, "")
        assert created(blocking_sandbox) == number
    assert len(command("jobs", "list", "--all", "--json").document["jobs"]) == 3


def test_a_detached_run_says_its_ids_and_goes_on(still, tmp_path: Path, data: Path) -> None:
    """The jobs are at the provider, and lead back from the journal; the same command collects them."""
    files, variables = four(tmp_path), still.env("iqm")
    ran = with_variables(variables, "run", *files, *IQM, "--detach", "--json")
    assert ran.code == 0, ran.err
    ids = {job["job_id"] for job in ran.document["jobs"]}
    assert {job["status"] for job in ran.document["jobs"]} == {"queued"}
    assert ids == {job["id"] for job in still.jobs("iqm")}
    assert "4 jobs go on" in ran.err
    listed = command("jobs", "list", "--json").document["jobs"]
    assert {job["job_id"] for job in listed} == ids
    assert {job["state"] for job in listed} == {"accepted"}
    still.change(paused=False)
    sent = created(still)
    ran = with_variables(variables, "run", *files, *IQM, "--json")
    assert ran.code == 0, ran.err
    assert "continuing 0-" in ran.err
    assert "of 4 jobs, 4 under way; --name NAME" in ran.err
    assert {job["job_id"] for job in ran.document["jobs"]} == ids
    assert all(sum(job["counts"].values()) == 10 for job in ran.document["jobs"])
    assert created(still) == sent
    ran = with_variables(variables, "run", *files, *IQM)
    assert (ran.code, ran.err) == (0, "")
    assert created(still) == 2 * sent


def test_what_was_resumed_and_never_shown_is_shown_once(blocking_sandbox, bell: Path) -> None:
    """The results that another command has brought are not paid for again, until they were shown."""
    variables = blocking_sandbox.env("iqm")
    table = with_variables(variables, "run", bell, *IQM, "--detach").out.splitlines()
    assert table[0].split("\t") == ["program", "target", "status", "id"]
    assert with_variables(variables, "jobs", "resume").code == 0
    for number in (1, 2):
        ran = with_variables(variables, "run", bell, *IQM, "--json")
        assert ran.code == 0, ran.err
        assert ("1 measured" in ran.err) is (number == 1)
        assert created(blocking_sandbox) == number


def test_a_name_begins_a_run_of_its_own(still, bell: Path) -> None:
    """Under another name nothing is continued; under the same name something else is refused."""
    variables = still.env("iqm")
    for name in ([], ["--name", "mine"]):
        ran = with_variables(variables, "run", bell, *IQM, *name, "--detach")
        assert (ran.code, "continuing" in ran.err) == (0, False)
    assert created(still) == 2
    ran = with_variables(variables, "run", bell, *IQM, "--name", "mine", "--detach")
    assert (ran.code, "continuing mine" in ran.err) == (0, True)
    assert created(still) == 2
    other = written(bell.with_name("other.qasm"), BELL.replace("h q[0]", "x q[0]"))
    ran = with_variables(variables, "run", other, *IQM, "--name", "mine", "--json")
    assert ran.code == 1
    assert "'mine' was used before" in ran.err
    assert created(still) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--detach"], "jobs of local end with this process"),
        (["--name", "x"], "there is no journal"),
        (["--journal", "j.db", "--no-journal"], "contradict"),
        (["--on", "iqm", "--detach", "--output", "o.json"], "--output means nothing"),
        (["--on", "iqm", "--detach", "--timeout", 3], "--timeout means nothing"),
        (["--on", "iqm", "--no-journal", "--name", "x"], "there is no journal"),
    ],
)
def test_flags_that_contradict_each_other(
    blocking_sandbox, bell: Path, data: Path, words: list[object], said: str
) -> None:
    """They are refused before anything is sent or written, on both verbs."""
    rotation = written(bell.with_name("rotation.qasm"), ROTATION)
    for verb in (["run", bell], ["sweep", rotation, "--param", "theta=0,1"]):
        ran = with_variables(blocking_sandbox.env("iqm"), *verb, *words)
        assert (ran.code, said in ran.err.splitlines()[0]) == (2, True), ran.err
    assert list(data.iterdir()) == []
    assert created(blocking_sandbox) == 0


def test_a_journal_that_cannot_be_made_is_said(blocking_sandbox, bell: Path, data: Path) -> None:
    """Nothing is sent without it, and the flags that help are named."""
    data.joinpath("quantum-async").write_text("")
    ran = with_variables(blocking_sandbox.env("iqm"), "run", bell, *IQM)
    assert (ran.code, "cannot be made" in ran.err) == (1, True)
    assert "--no-journal" in ran.err
    assert created(blocking_sandbox) == 0


def test_no_journal_anywhere_is_said(data: Path) -> None:
    """Where none was ever written, the verbs say who writes it, and make none."""
    ran = command("jobs", "list")
    assert (ran.code, "there is no journal at" in ran.err) == (1, True)
    assert "--journal FILE" in ran.err
    assert list(data.iterdir()) == []


def sweep(variables: dict[str, str], rotation: Path, *words: object) -> Ran:
    points = ("--param", "theta=0:pi:5")
    return with_variables(variables, "sweep", rotation, *points, *IQM, *words, "--json")


def test_a_sweep_is_continued_and_then_measured_anew(still, rotation: Path) -> None:
    """Its default name follows from the command, as that of a run does."""
    variables = still.env("iqm")
    ran = sweep(variables, rotation, "--detach")
    assert ran.code == 0, ran.err
    ids = [point["job_id"] for point in ran.document["points"]]
    assert {job["sweep"] for job in command("jobs", "list", "--json").document["jobs"]} != {None}
    still.change(paused=False)
    sent = created(still)
    ran = sweep(variables, rotation)
    assert (ran.code, "5 under way" in ran.err) == (0, True)
    assert [point["job_id"] for point in ran.document["points"]] == ids
    assert created(still) == sent
    assert sweep(variables, rotation).err == ""
    assert created(still) == 2 * sent


def test_a_sweep_that_is_kept_is_not_measured_twice(blocking_sandbox, rotation: Path) -> None:
    """In a journal that is named, or under a name, the results stay, and that is said."""
    variables = blocking_sandbox.env("iqm")
    for words in (["--journal", rotation.parent / "kept.db"], ["--name", "kept"]):
        first = sweep(variables, rotation, *words)
        sent = created(blocking_sandbox)
        second = sweep(variables, rotation, *words)
        assert (first.code, second.code) == (0, 0), second.err
        assert first.document == second.document
        assert created(blocking_sandbox) == sent
        assert "all of it was in the journal" in second.err


def test_cancelling_nothing_is_a_failure(still, bell: Path) -> None:
    """What was cancelled counts; where nothing was, the command fails and says why."""
    variables = still.env("iqm")
    ran = with_variables(variables, "run", bell, *IQM, "--detach", "--json")
    (id_,) = [job["job_id"] for job in ran.document["jobs"]]
    ran = with_variables(variables, "jobs", "cancel", id_, "--json")
    assert ran.code == 0, ran.err
    assert len(ran.document["cancelled"]) == 1
    ran = with_variables(variables, "jobs", "cancel", id_, "--json")
    assert (ran.code, ran.document) == (1, {"cancelled": []})
    assert "was not cancelled: it has ended as cancelled" in ran.err


@pytest.mark.processes
def test_watching_ends_with_the_last_job(still, bell: Path) -> None:
    """The list is shown whenever it has changed, until nothing is unfinished."""
    variables = still.env("iqm")
    assert with_variables(variables, "run", bell, *IQM, "--detach").code == 0
    process = start("jobs", "list", "--watch", "--all", **variables)
    assert process.stdout is not None
    while "accepted" not in (line := process.stdout.readline()):
        assert line
    still.change(paused=False)
    assert with_variables(variables, "jobs", "resume").code == 0
    out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    assert "fetched" in out
    again = command("jobs", "list", "--watch", "--json")
    assert (again.code, "--watch and --json" in again.err) == (2, True)


@pytest.mark.processes
@pytest.mark.parametrize("provider", ["iqm", "pasqal"])
def test_what_is_killed_and_run_again_is_paid_for_once(
    still, provider: str, tmp_path: Path, data: Path
) -> None:
    """Four programs are sent, the process is killed, and the same command shows all four results."""
    words: tuple[object, ...]
    if provider == "iqm":
        files, words = four(tmp_path), IQM
    else:
        from tests.providers.pasqal.real import rabi

        text = rabi().text
        files = [written(tmp_path / f"{n}.json", text + " " * n) for n in range(4)]
        words = ("--on", "pasqal:EMU_FREE", "--param", "omega=6.0", "--shots", 10)
    variables = still.env(provider)
    process = start("run", *files, *words, "--json", **variables)
    while states(default_of(data)) != ["accepted"] * 4:
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    sent = created(still, provider)
    beside = with_variables(variables, "run", *files, *words)
    assert (beside.code, "under way in another process" in beside.err) == (1, True)
    process.kill()
    assert process.communicate()[0] == ""
    still.change(paused=False)
    ran = with_variables(variables, "run", *files, *words, "--json")
    assert ran.code == 0, ran.err
    assert "of 4 jobs, 4 under way" in ran.err
    assert [job["status"] for job in ran.document["jobs"]] == ["succeeded"] * 4
    assert created(still, provider) == sent


@pytest.mark.processes
def test_a_command_ends_with_the_note_that_it_was_shown(
    blocking_sandbox, bell: Path, data: Path
) -> None:
    """A process of its own says all that it has to say, and leaves one run in the journal each time."""
    variables = blocking_sandbox.env("iqm")
    for number in (1, 2):
        process = start("run", bell, *IQM, "--json", **variables)
        out, err = process.communicate()
        assert (process.returncode, err) == (0, "")
        assert '"status": "succeeded"' in out
        document = command("jobs", "list", "--all", "--json").document
        assert len(document["jobs"]) == len(document["runs"]) == number
        assert not any(run["alive"] for run in document["runs"])
    assert len({job["sweep"] for job in document["jobs"]}) == 2
    process = start("run", bell, "--on", "iqm:garnet", "--json", **variables)
    out, err = process.communicate()
    assert process.returncode == 2
    assert '"error"' in out


@pytest.mark.processes
def test_what_an_interrupt_has_cancelled_is_sent_again(still, tmp_path: Path, data: Path) -> None:
    """Ctrl-C cancels and says so, in a document as well; the same command goes on from there."""
    import signal

    files, variables = four(tmp_path), still.env("iqm")
    process = start("run", *files, *IQM, "--json", **variables)
    while states(default_of(data)) != ["accepted"] * 4:
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130, err
    assert '"type": "KeyboardInterrupt"' in out
    assert "interrupted: what was running has been cancelled" in err
    still.change(paused=False)
    ran = with_variables(variables, "run", *files, *IQM, "--json")
    assert ran.code == 0, ran.err
    assert [job["status"] for job in ran.document["jobs"]] == ["succeeded"] * 4
