"""How the command line looks in real terminals of 80 and 120 columns, and where there is none."""

from __future__ import annotations

import fcntl
import itertools
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from functools import cache
from pathlib import Path

import pyte
import pytest

from tests.cli.conftest import BELL, BROKEN, ROTATION

pytestmark = [pytest.mark.processes]

ROWS = 400
COLOUR = re.compile(r"\x1b\[[0-9;]*?(?:3[0-7]|4[0-7]|9[0-7]|38;|48;)[0-9;]*m")
SWEEP = "sweep rotation.qasm --param theta=0:2pi:9 --shots 50 --seed 1"
VERBS = ["demo", "run", "sweep", "devices", "doctor", "sandbox serve", "jobs list", "completion"]
LINES = {
    "help": "--help",
    **{f"help of {verb}": f"{verb} --help" for verb in VERBS},
    "run": "run bell.qasm a_file_of_a_name_that_is_long_enough_to_be_a_nuisance.qasm --shots 50",
    "sweep": f"{SWEEP} --journal {{journal}}",
    "continued sweep": f"{SWEEP} --journal {{journal}}",
    "devices": "devices local",
    "jobs": "jobs list --all --journal {journal}",
    "doctor": "doctor --offline --journal {journal}",
    "error": "run broken.qasm bell.qasm",
    "refusal": "sweep rotation.qasm --param phi=0:1:3",
    "usage": "sweep rotation.qasm --parameter theta=0",
}
NUMBERS = itertools.count()
# One process for all of them: what each imports would take longer than what it shows.
PROGRAM = """
import sys
import qiskit
from quantum_async.cli.app import app
for line in sys.argv[1:]:
    print("@", line, flush=True)
    try:
        app(line.split(), prog_name="quantum-async")
    except SystemExit:
        pass
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with programs."""
    place = tmp_path_factory.mktemp("looks")
    for name, text in {
        "bell.qasm": BELL,
        "a_file_of_a_name_that_is_long_enough_to_be_a_nuisance.qasm": BELL,
        "broken.qasm": BROKEN,
        "rotation.qasm": ROTATION,
    }.items():
        (place / name).write_text(text)
    return place


def start(folder: Path, **options: object) -> subprocess.Popen[bytes]:
    gone = {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "CI", "TERM"}
    kept = {name: value for name, value in os.environ.items() if name not in gone}
    more = options.pop("variables", {})
    # What one process leaves in its journal, the next one would not run again.
    journal = f"{next(NUMBERS)}.db"
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *(line.format(journal=journal) for line in LINES.values())],
        cwd=folder,
        env=kept | {"TERM": "xterm-256color", "LANG": "C.UTF-8"} | more,
        **options,
    )


@cache
def written(folder: Path, columns: int, *, colour: bool = True) -> bytes:
    """Run the commands in a terminal, and return all that they wrote there."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
    variables = {} if colour else {"NO_COLOR": "1"}
    ends = dict.fromkeys(("stdin", "stdout", "stderr"), theirs)
    with start(folder, variables=variables, **ends):
        os.close(theirs)
        data = b""
        try:
            while more := os.read(ours, 65536):
                data += more
        except OSError:  # what Linux says when the other end is closed
            pass
    os.close(ours)
    return data


def shown(folder: Path, columns: int) -> dict[str, list[str]]:
    """Return the lines that each command leaves on the terminal."""
    # Twice as wide as it was said to be: what does not fit shows.
    terminal = pyte.Screen(2 * columns, ROWS)
    pyte.ByteStream(terminal).feed(written(folder, columns))
    text = "\n".join(line.rstrip() for line in terminal.display)
    parts = re.split(r"^@ .*\n", text, flags=re.MULTILINE)[1:]
    return {name: part.rstrip().split("\n") for name, part in zip(LINES, parts, strict=True)}


@pytest.mark.parametrize("columns", [80, 120])
def test_no_line_is_wider_than_the_terminal(columns: int, folder: Path) -> None:
    """Tables, pictures, progress, help and errors fit, and each shows something."""
    for name, lines in shown(folder, columns).items():
        assert any(lines), name
        # A path is one word, and this one is as long as the place where the tests run.
        assert max(len(line.replace(str(folder), ".")) for line in lines) <= columns, name


@pytest.mark.parametrize("name", ["sweep", "continued sweep"])
def test_progress_ends_in_one_line(name: str, folder: Path) -> None:
    """The last state is left above the picture, also where a journal had the results already."""
    lines = shown(folder, 80)[name]
    assert [number for number, line in enumerate(lines) if "━" in line] == [0]
    assert "9/9 9 done" in lines[0]
    assert sum("●" in line for line in lines) >= 3


def test_progress_that_never_moved_is_taken_away(folder: Path) -> None:
    """Where every point is refused, the error is all that there is to see."""
    told = shown(folder, 80)["refusal"]
    assert told[0] == "error: the program has no parameter 'phi'"


def test_a_name_is_copied_whole(folder: Path) -> None:
    """Columns that there is no room for are left out, and those that are shown are not broken."""
    narrow, wide = (shown(folder, columns) for columns in (80, 120))
    for lines in (narrow["devices"], wide["devices"]):
        assert sum(line.startswith("local:matrix_product_state ") for line in lines) == 1
    assert "description" not in narrow["devices"][0]
    assert "description" in wide["devices"][0]


def test_no_color_means_no_colour(folder: Path) -> None:
    """With NO_COLOR a terminal gets no colours, and without it some."""
    assert COLOUR.search(written(folder, 80).decode())
    assert not COLOUR.search(written(folder, 80, colour=False).decode())


def test_a_pipe_gets_no_escape_code(folder: Path) -> None:
    """Where standard output and error are no terminal, nothing but text is written to them."""
    with start(folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        told = process.communicate()[0].decode()
    assert "most frequent" in told
    assert "\x1b" not in told
    assert "\r" not in told


def test_examples_in_help_can_be_copied(folder: Path) -> None:
    """No example of a verb's help is broken in two at 80 columns."""
    for name in (f"help of {verb}" for verb in VERBS):
        lines = shown(folder, 80)[name]
        examples = [number for number, line in enumerate(lines) if "  quantum-async " in line]
        assert examples, name
        assert all(lines[number + 1] == "" for number in examples), name
