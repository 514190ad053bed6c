from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import BELL, command, start, written


def test_a_program_is_run(bell: Path) -> None:
    """One file gives one entry with stable keys, and nothing else is on standard output."""
    ran = command("run", bell, "--shots", 200, "--seed", 1, "--json")
    assert ran.code == 0
    assert ran.err == ""
    assert ran.document.keys() == {"jobs", "timed_out"}
    (job,) = ran.document["jobs"]
    assert job.keys() == {
        "program", "target", "job_id", "status", "shots", "parameters", "counts",
        "excited_fraction", "expectation_values", "bit_order", "error",
    }  # fmt: skip
    assert job["program"] == str(bell)
    assert job["target"] == "local:automatic"
    assert job["status"] == "succeeded"
    assert job["job_id"]
    assert job["error"] is None
    assert job["counts"].keys() == {"00", "11"}
    assert sum(job["counts"].values()) == job["shots"] == 200


@pytest.mark.parametrize("timeout", ["nan", "inf", "-1", "soon"])
def test_a_timeout_is_a_time(bell: Path, timeout: str) -> None:
    """What is none is a mistake on the command line, in three lines and with exit code 2."""
    ran = command("run", bell, f"--timeout={timeout}")
    assert ran.code == 2
    assert "--timeout" in ran.err
    assert len(ran.err.splitlines()) <= 3


def test_a_seed_repeats_a_run(bell: Path, rotation: Path) -> None:
    """The same seed gives the same counts, another seed other ones."""

    def counts(seed: int) -> list[object]:
        arguments = ("run", bell, "--shots", 500, "--seed", seed, "--json")
        return [job["counts"] for job in command(*arguments).document["jobs"]]

    assert counts(1) == counts(1)
    assert counts(1) != counts(2)


def test_a_parameter_and_an_observable(rotation: Path) -> None:
    """Parameters are bound and observables estimated: after a rotation by pi, Z is -1."""
    ran = command(
        "run", rotation, "--param", "theta=pi", "--observable", "Z", "--shots", 50, "--json"
    )
    (job,) = ran.document["jobs"]
    assert job["parameters"]["theta"] == pytest.approx(3.14159265)
    assert job["counts"] == {"1": 50}
    assert job["expectation_values"]["Z"]["value"] == pytest.approx(-1)


def test_a_bad_file_among_many_stops_all(bell: Path, broken: Path) -> None:
    """A malformed file is refused with file and line before anything is submitted."""
    ran = command("run", bell, broken, "--json")
    assert ran.code == 2
    assert ran.document["error"]["type"] == "ProgramSyntaxError"
    assert f"error: {broken}:6:" in ran.err
    assert "Nothing was submitted" in ran.err
    assert "--keep-going" in ran.err
    assert "Traceback" not in ran.err


def test_keep_going_runs_the_good_files(bell: Path, broken: Path, tmp_path: Path) -> None:
    """With --keep-going the others run; the document and the exit code still tell of the bad."""
    absent = tmp_path / "absent.qasm"
    ran = command("run", broken, bell, absent, "--keep-going", "--json", "--shots", 10)
    assert ran.code == 2
    jobs = ran.document["jobs"]
    assert [job["status"] for job in jobs] == ["refused", "succeeded", "refused"]
    assert jobs[0]["error"]["type"] == "ProgramSyntaxError"
    assert jobs[0]["counts"] is None
    assert "absent.qasm: No such file" in ran.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--shots", 0], "0 shots"),
        (["--on", "nowhere:x"], "no provider 'nowhere'"),
        (["--on", "local:nothing"], "no simulator 'nothing'"),
        (["--param", "x=1"], "no parameter 'x'"),
        (["--param", "x"], "not name=values"),
        (["--observable", "Q"], "Q"),
        (["--output", "results.xls"], "results.xls"),
        (["--output", "/nowhere/at/all.json"], "folder does not exist"),
    ],
)
def test_bad_input_is_refused_in_three_lines(
    bell: Path, arguments: list[object], words: str
) -> None:
    """What is wrong, why, and what to do: three lines, exit code 2, nothing on stdout."""
    ran = command("run", bell, *arguments)
    assert ran.code == 2
    assert ran.out == ""
    lines = ran.err.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["error", "why", "fix"]
    assert words in lines[0]
    assert all(line.partition(":")[2].strip() for line in lines)


def test_a_program_that_measures_nothing_is_refused(tmp_path: Path) -> None:
    """Without a measurement there is nothing to count, and the file is named."""
    silent = written(tmp_path / "silent.qasm", BELL.replace("measure q -> c;", ""))
    ran = command("run", silent)
    assert ran.code == 2
    assert "silent" in ran.err
    assert "measures nothing" in ran.err


def test_debug_shows_the_traceback(broken: Path) -> None:
    """With --debug an error comes with its traceback instead of three lines."""
    ran = command("run", broken, "--debug")
    assert ran.code == 2
    assert "Traceback" in ran.err
    assert "ProgramSyntaxError" in ran.err


def test_results_are_written_to_a_file(bell: Path, tmp_path: Path) -> None:
    """--output writes the document that --json prints, and leaves no temporary file."""
    output = tmp_path / "results.json"
    ran = command("run", bell, "--output", output, "--json", "--shots", 10)
    assert json.loads(output.read_text()) == ran.document
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bell.qasm", "results.json"]


def test_a_pipe_gets_rows(bell: Path) -> None:
    """Without a terminal and without --json, a row per job, separated by tabs."""
    heads, row = command("run", bell, "--shots", 10).out.splitlines()
    assert heads.split("\t")[:4] == ["program", "target", "status", "shots"]
    assert row.split("\t")[:4] == [str(bell), "local:automatic", "succeeded", "10"]


def test_a_timeout_has_its_own_exit_code(bell: Path) -> None:
    """When the time is up, unfinished jobs are cancelled, told, and the exit code is 4."""
    ran = command("run", bell, "--timeout", "0.000001", "--json")
    assert ran.code == 4
    assert ran.document["timed_out"] is True
    assert [job["status"] for job in ran.document["jobs"]] == ["cancelled"]
    assert "1 of 1 jobs had not finished" in ran.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run"], "missing argument 'PROGRAM'"),
        (["run", "--frobnicate"], "no such option: --frobnicate"),
        (["run", "a.qasm", "--shots", "many"], "'--shots': it should be a valid integer"),
        (["sweep", "a.qasm"], "missing option '--param'"),
        (["sweep", "a.qasm", "--param", "x=1", "--on-error", "cry"], "'cry' is not one of"),
        (["frobnicate"], "no such command 'frobnicate'"),
        (["jobs", "frobnicate"], "no such command 'frobnicate'"),
        (["doctor", "--yes=3"], "'--yes' does not take a value"),
    ],
)
def test_mistakes_on_the_command_line_are_told_in_three_lines(
    arguments: list[str], words: str
) -> None:
    """A mistyped verb or option gets what, why and what to do as well, and exit code 2."""
    ran = command(*arguments)
    assert (ran.code, ran.out) == (2, "")
    what, why, fix = ran.err.splitlines()
    assert what.startswith("error: ")
    assert words in what
    assert why.startswith("why: it is used as quantum-async ")
    assert fix.startswith("fix: quantum-async ")
    assert fix.endswith("--help explains every option")


def test_a_public_suite_agrees_with_qiskit(shared: Path) -> None:
    """Twelve programs of QASMBench, run at once, are distributed as Qiskit itself has them."""
    from qiskit import qasm2, transpile
    from qiskit_aer import AerSimulator
    from scipy.stats import chi2_contingency

    files = sorted((shared / "programs" / "qasmbench").glob("*.qasm"))
    shots = 2000
    process = start("run", *files, "--on", "local", "--shots", shots, "--json")
    out, err = process.communicate()
    assert process.returncode == 0, err
    jobs = json.loads(out)["jobs"]
    assert [job["program"] for job in jobs] == [str(path) for path in files]
    assert len(jobs) == 12
    for job in jobs:
        circuit = qasm2.load(job["program"], custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)
        simulator = AerSimulator(seed_simulator=7)
        theirs = simulator.run(transpile(circuit, simulator), shots=10 * shots).result()
        expected = theirs.get_counts()
        outcomes = sorted(set(expected) | set(job["counts"]))
        table = [
            [found.get(outcome, 0) for outcome in outcomes] for found in (job["counts"], expected)
        ]
        # Rare outcomes are put together, because the test assumes five expected per cell.
        cells = sorted(zip(*table, strict=True), key=sum, reverse=True)
        common = [cell for cell in cells if sum(cell) >= 60]
        rare = [sum(cell) for cell in zip(*cells[len(common) :], strict=True)]
        if sum(rare) >= 60:
            common.append(tuple(rare))
        assert sum(cell[0] for cell in common) > 0.95 * shots, job["program"]
        if len(common) > 1:
            assert chi2_contingency(list(zip(*common, strict=True))).pvalue > 1e-6, job["program"]
