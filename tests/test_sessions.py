"""Every test belongs to a session of nox, and every session is run on each change or each night."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PYTEST = PROJECT["tool"]["pytest"]
MARKERS = {line.partition(":")[0] for line in PYTEST["markers"]}
CONFORMANCE = ROOT / "tests" / "conformance"


def nightly() -> set[str]:
    """Return what the noxfile says `nox -s nightly` runs; nox itself is not installed here."""
    for node in ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "NIGHTLY":
            return set(ast.literal_eval(node.value))
    raise AssertionError("the noxfile names no nightly sessions")


def on_every_change() -> set[str]:
    """Return the sessions that .ci/run names."""
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    words = [line for line in script.splitlines() if line.startswith("for session in ")]
    return {name for line in words for name in line.replace(";", " ").split()[3:] if name != "do"}


def test_what_the_first_session_leaves_out_has_a_marker() -> None:
    """`nox -s tests` leaves out exactly what is marked for a session of its own."""
    options = PYTEST["addopts"]
    selection = options[options.index("-m") + 1]
    assert selection == f"not ({' or '.join(sorted(MARKERS))})"


def test_every_marked_suite_is_run() -> None:
    """Each marker's session runs on every change or every night, and on one of them alone."""
    assert on_every_change() | nightly() >= MARKERS
    assert not on_every_change() & nightly()


def test_every_folder_that_is_left_out_is_a_vendors() -> None:
    """What pytest is told to ignore is run in the environment of a vendor, and all of those are."""
    ignored = {
        option.partition("=")[2] for option in PYTEST["addopts"] if option.startswith("--ignore")
    }
    vendors = {
        f"tests/conformance/{name.removeprefix('conformance-').replace('-', '_')}"
        for name in PROJECT["dependency-groups"]
        if name.startswith("conformance-")
    }
    folders = {
        str(path.parent.relative_to(ROOT))
        for path in CONFORMANCE.rglob("test_*.py")
        if path.parent != CONFORMANCE
    }
    assert ignored == vendors == folders
    assert "conformance" in on_every_change()


def test_every_file_of_tests_is_found() -> None:
    """No file of tests has a name or a place at which pytest does not look."""
    defining = {
        path
        for path in (ROOT / "tests").rglob("*.py")
        if re.search(
            r"^(async )?def test_|^class Test", path.read_text(encoding="utf-8"), re.MULTILINE
        )
    }
    assert {path for path in defining if not path.name.startswith("test_")} == set()
    assert PYTEST["testpaths"] == ["tests"]
