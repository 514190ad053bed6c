from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.cli.conftest import command

HEAVY = {
    "aiohttp", "anyio", "httpx", "matplotlib", "numpy", "pandas", "pulser", "pydantic", "qiskit",
    "scipy", "sqlalchemy",
}  # fmt: skip


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


def test_help_loads_no_heavy_library() -> None:
    """Showing the help imports neither simulators nor HTTP nor the event loop's library."""
    code = (
        "import sys, json\n"
        "sys.argv = ['quantum-async', '--help']\n"
        "from quantum_async.cli import main\n"
        "try:\n    main()\n"
        "finally:\n    print(json.dumps(sorted(sys.modules)), file=sys.stderr)\n"
    )
    run = python(code)
    assert "demo" in run.stdout
    modules = {name.partition(".")[0] for name in json.loads(run.stderr)}
    assert "typer" in modules
    assert not modules & HEAVY


@pytest.mark.parametrize("library", ["typer", "rich"])
def test_a_missing_library_names_the_line_that_installs_it(library: str) -> None:
    """Without the extra, the command says in three lines what to install, and exits with 2."""
    code = (
        f"import sys; sys.modules[{library!r}] = None\nfrom quantum_async.cli import main; main()"
    )
    run = python(code)
    assert run.returncode == 2
    assert 'pip install "quantum_async[cli]"' in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("verb", ["demo", "run", "sweep", "devices"])
def test_help_of_each_verb_has_two_examples(verb: str) -> None:
    """Each verb's help shows two commands that can be copied."""
    ran = command(verb, "--help")
    assert ran.code == 0
    assert ran.out.count(f"quantum-async {verb}") >= 2


def test_version() -> None:
    """--version prints the installed version."""
    import quantum_async

    assert command("--version").out == f"quantum-async {quantum_async.__version__}\n"


def test_shells_complete_the_verbs() -> None:
    """The shell's completion knows every verb."""
    run = python(
        "import sys; sys.argv = ['quantum-async']\nfrom quantum_async.cli import main; main()",
        _QUANTUM_ASYNC_COMPLETE="complete_bash",
        COMP_WORDS="quantum-async ",
        COMP_CWORD="1",
    )
    assert {"demo", "run", "sweep", "devices"} <= set(run.stdout.split())
