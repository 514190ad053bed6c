"""What every test of the house gets: no network beyond this machine, no home, repeatable examples."""

from __future__ import annotations

import ipaddress
import os
import shutil
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from blockbuster import blockbuster_ctx

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quantum_async.sandbox import BlockingSandbox

ROOT = Path(__file__).parents[1]
THIS_MACHINE = socket.gethostname()

# How long an example takes is the machine's affair, and on a busy one no finding.
UNTIMED = hypothesis.settings(
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    print_blob=True,
    database=None,
)
# The same examples on every machine; looking for new ones is what `nox -s explore` is for.
hypothesis.settings.register_profile("default", UNTIMED, max_examples=50, derandomize=True)
hypothesis.settings.register_profile("explore", UNTIMED, max_examples=1000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

HOMES = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR")


def pytest_configure(config: pytest.Config) -> None:
    """Put an empty home in place of the user's: nobody's files change a test, and no test writes there."""
    if hasattr(config, "workerinput"):
        return  # a worker of pytest-xdist inherits it
    home = tempfile.mkdtemp(prefix="qa-home-")
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    os.environ["HOME"] = os.environ["USERPROFILE"] = home
    for name in HOMES:
        os.environ.pop(name, None)


def _refuse_other_machines(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        # Connecting a datagram socket sends nothing; it is how libraries learn their own address.
        if getattr(arguments[0], "type", None) == socket.SOCK_DGRAM:
            return
        host = arguments[1][0]
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    host = host.decode() if isinstance(host, bytes) else str(host or "")
    if not _is_here(host):
        raise PermissionError(f"a test tried to reach {host}: tests end at this machine")


def _is_here(host: str) -> bool:
    # Names under .invalid resolve nowhere, which is what tests of failing look-ups need.
    if host in {"localhost", "testserver", "", THIS_MACHINE} or host.endswith(
        (".localhost", ".invalid")
    ):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell's background job ignores Ctrl-C, and so would every process that a test starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)

sys.addaudithook(_refuse_other_machines)


@pytest.fixture
def never_blocks() -> Iterator[None]:
    """Fail a test in which the package blocks the event loop."""
    with blockbuster_ctx("quantum_async"):
        yield


@pytest.fixture(scope="session")
def simulating_process() -> Iterator[BlockingSandbox]:
    """Run one sandbox that really simulates: its worker loads the simulators once for all tests."""
    from quantum_async.sandbox import BlockingSandbox

    with BlockingSandbox(job_time=0.02, parallel=True, workers=1) as running:
        yield running


@pytest.fixture
def simulating(simulating_process: BlockingSandbox) -> BlockingSandbox:
    """Give the sandbox that really simulates with nothing in it."""
    simulating_process.reset()
    return simulating_process


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real input next to the repository, which not everyone has."""
    folder = Path(os.environ.get("QUANTUM_ASYNC_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"needs the real input of {folder}, which is not on this machine")
    return folder
