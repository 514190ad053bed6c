"""How a command ends where its output cannot be written: nothing that was paid for is lost."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from quantum_async.cli.saving import whole_file
from quantum_async.cli.session import dump, measured
from quantum_async.models.result import BitOrder, Expectation, Result
from tests.cli.conftest import command

if TYPE_CHECKING:
    from pathlib import Path

READER_THAT_LEAVES = """
import sys
from quantum_async.cli.session import execute

async def verb():
    sys.stdin.readline()
    sys.stdout.write("x" * 1_000_000)
    return 0

sys.exit(execute(verb, debug=False))
"""


@pytest.mark.parametrize("json_wanted", [True, False])
def test_results_are_shown_where_their_file_cannot_be_written(
    bell: Path, tmp_path: Path, *, json_wanted: bool
) -> None:
    """A full disk costs the file and not the measurement; nobody is told of a defect."""
    (tmp_path / ".out.json.part").mkdir()
    words = ["run", bell, "--shots", 20, "--output", tmp_path / "out.json"]
    ran = command(*words, *(["--json"] if json_wanted else []))
    assert ran.code == 1
    assert "succeeded" in ran.out
    if json_wanted:
        assert sum(ran.document["jobs"][0]["counts"].values()) == 20
    assert [line.partition(":")[0] for line in ran.err.splitlines()] == ["error", "why", "fix"]
    assert "defect" not in ran.err


def test_a_file_is_written_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    """What was there stays until the new one is complete, and no part is left behind."""
    path = tmp_path / "out.json"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), whole_file(path) as part:
        part.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    with whole_file(path) as part:
        part.write_text("new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_who_has_had_enough_is_no_defect() -> None:
    """Where the output goes to `head`, the command ends quietly, with 1."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", READER_THAT_LEAVES], stdin=pipe, stdout=pipe, stderr=pipe
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.close()
        assert process.stderr is not None
        assert (process.wait(), process.stderr.read()) == (1, b"")


def test_a_number_that_is_none_is_null() -> None:
    """JSON has no word for it, and the rest of the document must not be lost for it."""
    value = Expectation(math.nan, math.inf)
    result = Result({"0": 1}, 1, BitOrder.QISKIT, expectation_values={"Z": value})
    document = json.loads(dump(measured(result)))
    assert document["expectation_values"] == {"Z": {"value": None, "standard_error": None}}
