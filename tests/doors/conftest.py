"""A cloud for all doors, and doors on it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from quantum_async.sandbox import BlockingSandbox
from tests.doors import play
from tests.doors.doors import DOORS, Door, Setting
from tests.doors.table import doors_of


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a promise's test at each door of which the table says so, on each of its providers."""
    if "door" in metafunc.fixturenames:
        names = doors_of(metafunc.function.__name__)
        cells = [(DOORS[name], where) for name in names for where in DOORS[name].providers]
        ids = [f"{kind.name} on {where}" for kind, where in cells]
        metafunc.parametrize(("door", "where"), cells, ids=ids)


@pytest.fixture(scope="session")
def running() -> BlockingSandbox:
    """One sandbox for all tests of a process: short seeded jobs, nothing simulated."""
    services = sorted({where for door in DOORS.values() for where in door.providers})
    with BlockingSandbox(simulate=False, job_time=0.1, parallel=True, services=services) as sandbox:
        yield sandbox


@pytest.fixture
def cloud(running: BlockingSandbox) -> BlockingSandbox:
    """The same with nothing in it."""
    running.reset()
    return running


@pytest.fixture
def knock(door: type[Door], where: str, cloud: BlockingSandbox) -> Callable[..., Door]:
    """Make a door to the cloud."""
    return lambda **given: door(Setting(where, cloud.env(where), **given))


@pytest.fixture
def script(door: type[Door], where: str, cloud: BlockingSandbox, tmp_path: Path):
    """Run the script of a door in a process of its own; return what it told, and its output."""
    env, output = tmp_path / "env.json", tmp_path / "out.json"
    env.write_text(json.dumps(cloud.env(where)))

    def run(journal: Path, *words: str) -> tuple[list[list[str]], dict]:
        command = [sys.executable, play.__file__, door.name, where, str(journal), str(env)]
        command += ["--output", str(output), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        ready, *told = done.stdout.splitlines() or [""]
        assert ready == "ready", done.stderr[-2000:]
        if not words:
            assert done.returncode == 0, done.stderr[-2000:]
        return [json.loads(line) for line in told], (
            json.loads(output.read_text()) if output.exists() else {}
        )

    return run
