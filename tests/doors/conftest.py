"""A cloud for all doors, and doors on it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from quantum_async.sandbox import BlockingSandbox
from tests.doors.doors import DOORS, Door, Setting
from tests.doors.lives import Script
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
def script(door: type[Door], where: str, cloud: BlockingSandbox, tmp_path: Path) -> Script:
    """A script of a door, to be run in processes of its own."""
    return script_for(cloud, door.name, where, tmp_path)


def script_for(cloud: BlockingSandbox, door: str, where: str, folder: Path, *words: str) -> Script:
    """Make a script at a door to a cloud."""
    env = folder / "env.json"
    env.write_text(json.dumps(cloud.env(where)))
    return Script(door, where, folder, env, words)
