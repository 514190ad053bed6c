from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

# Qiskit 2.6.2 crashes where the thread that imported it first has ended and another one uses it;
# these tests run many event loops in one process, each with worker threads of its own.
import qiskit  # noqa: F401
from typer.testing import CliRunner

from quantum_async.cli.app import app

BELL = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
creg c[2];
h q[0];
cx q[0], q[1];
measure q -> c;
"""
ROTATION = """OPENQASM 3.0;
include "stdgates.inc";
input float theta;
qubit q;
bit c;
rx(theta) q;
c = measure q;
"""
BROKEN = BELL.replace("h q[0];", "h q[0]")


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict:
        return json.loads(self.out)


def command(*arguments: object) -> Ran:
    """Run the command line in this process."""
    words = [str(argument) for argument in arguments]
    result = CliRunner().invoke(app, words, prog_name="quantum-async")
    return Ran(result.exit_code, result.stdout, result.stderr)


def with_variables(variables: dict[str, str], *arguments: object) -> Ran:
    """Run the command line in this process, with further variables of the environment."""
    words = [str(argument) for argument in arguments]
    result = CliRunner().invoke(app, words, prog_name="quantum-async", env=variables)
    return Ran(result.exit_code, result.stdout, result.stderr)


def start(
    *arguments: object, path: Path | None = None, ignored: str = "", **variables: str
) -> subprocess.Popen[str]:
    """Start the command line as a process of its own.

    `path` has further modules; `ignored` names signals that the process is started to ignore, as a
    shell does for its background.
    """
    environment = dict(os.environ) | variables
    if path is not None:
        inherited = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(path), inherited]))
    return subprocess.Popen(
        [
            *(["sh", "-c", f"trap '' {ignored}; exec \"$@\"", "sh"] if ignored else []),
            *[sys.executable, "-m", "quantum_async.cli", *map(str, arguments)],
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


@pytest.fixture(autouse=True)
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder of its own for each test: what one leaves in it, another does not continue."""
    before = os.environ.get("XDG_DATA_HOME")
    folder = tmp_path_factory.mktemp("data")
    os.environ["XDG_DATA_HOME"] = str(folder)
    yield folder
    if before is None:
        del os.environ["XDG_DATA_HOME"]
    else:
        os.environ["XDG_DATA_HOME"] = before


@pytest.fixture
def bell(tmp_path: Path) -> Path:
    return written(tmp_path / "bell.qasm", BELL)


@pytest.fixture
def rotation(tmp_path: Path) -> Path:
    return written(tmp_path / "rotation.qasm", ROTATION)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    return written(tmp_path / "broken.qasm", BROKEN)


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path
