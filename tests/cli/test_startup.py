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


def completed(*words: str) -> set[str]:
    """Return what the shell would offer after some words."""
    run = python(
        "import sys; sys.argv = ['quantum-async']\nfrom quantum_async.cli import main; main()",
        _QUANTUM_ASYNC_COMPLETE="complete_bash",
        COMP_WORDS=" ".join(("quantum-async", *words)),
        COMP_CWORD=str(len(words)),
    )
    return set(run.stdout.split())


def test_shells_complete_the_verbs() -> None:
    """The shell's completion knows every verb, and the providers where one is wanted."""
    assert {"demo", "run", "sweep", "devices", "doctor", "completion"} <= completed("")
    assert completed("run", "a.qasm", "--on", "p") == {"pasqal"}
    assert {"azure", "iqm", "local", "pasqal", "qoro"} <= completed("devices", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_each_shell_has_a_script(shell: str) -> None:
    """`completion` prints the script that asks this very program for completions."""
    ran = command("completion", shell)
    assert ran.code == 0
    assert "_QUANTUM_ASYNC_COMPLETE" in ran.out
    assert "quantum-async" in ran.out


def test_bash_takes_its_script() -> None:
    """Bash reads the script without a complaint, and completes the command by it."""
    script = command("completion", "bash").out + "\ncomplete -p quantum-async\n"
    run = subprocess.run(["bash", "-s"], input=script, capture_output=True, text=True, check=True)
    assert run.stderr == ""
    assert "_quantum_async_completion quantum-async" in run.stdout
