"""The sandbox beside a vendor's SDK: started with the standard library alone.

The vendor's environment need not hold this package: QUANTUM_ASYNC_SANDBOX_PYTHON names an
interpreter that does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
OUR_PULSER = Path(__file__).with_name("our_pulser.py")

Ask = Callable[..., Any]
"""Hands a call to another process, and returns what that has answered."""


@dataclass(frozen=True)
class Running:
    """A sandbox that runs: its variables and its control plane."""

    urls: dict[str, str]

    def env(self, provider: str) -> dict[str, str]:
        return self._call("GET", "/")[provider]["env"]

    def stats(self, provider: str) -> dict[str, Any]:
        return self._call("GET", "/stats")[provider]

    def reset(self) -> None:
        self._call("POST", "/reset")

    def set_faults(self, *faults: dict[str, Any]) -> None:
        self._call("PUT", "/faults", list(faults))

    def change(self, **settings: Any) -> None:
        self._call("PUT", "/settings", settings)

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.urls["control"] + path, content, method=method)
        with urllib.request.urlopen(request) as answer:
            text = answer.read()
        return json.loads(text) if text else None


@contextmanager
def serve(*flags: str) -> Iterator[Running]:
    """Run a sandbox until the block ends."""
    python = os.environ.get("QUANTUM_ASYNC_SANDBOX_PYTHON") or sys.executable
    command = [python, "-m", "quantum_async.sandbox", "--port", "0", "--watch-stdin", *flags]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT) as child:
        urls = {}
        for line in child.stdout:
            if line.strip() == "ready":
                break
            name, url = line.split()
            urls[name] = url
        else:
            raise RuntimeError("the sandbox did not start; its output says why")
        # Nobody may be left waiting for a child that hangs.
        guard = threading.Timer(600, child.kill)
        guard.start()
        try:
            yield Running(urls)
        finally:
            guard.cancel()
            child.stdin.close()
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()


@pytest.fixture(scope="session")
def counting_sandbox() -> Iterator[Running]:
    """A sandbox for the whole session whose jobs take no time and no physics."""
    with serve("--no-simulate", "--parallel", "--job-time", "20ms") as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def simulating_sandbox() -> Iterator[Running]:
    """A sandbox for the whole session that really simulates."""
    with serve("--job-time", "20ms", "--settings", '{"preload": true, "workers": 1}') as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def pasqal_login() -> Callable[[dict[str, str]], dict[str, object]]:
    """Make the arguments that point pasqal-cloud's classes at a sandbox, of either release."""
    from pasqal_cloud.endpoints import Endpoints, TokenProviderConf

    def login(env: dict[str, str]) -> dict[str, object]:
        return {
            "username": env["QUANTUM_ASYNC_PASQAL_USERNAME"],
            "password": env["QUANTUM_ASYNC_PASQAL_PASSWORD"],
            "project_id": env["QUANTUM_ASYNC_PASQAL_PROJECT_ID"],
            "endpoints": Endpoints(
                core=env["QUANTUM_ASYNC_PASQAL_CORE_URL"],
                account=env["QUANTUM_ASYNC_PASQAL_ACCOUNT_URL"],
            ),
            "auth_config": TokenProviderConf(
                token_endpoint=env["QUANTUM_ASYNC_PASQAL_TOKEN_URL"],
                public_client_id="client",
                audience="audience",
                realm="pcs-users",
                grant_type="http://auth0.com/oauth/grant-type/password-realm",
            ),
        }

    return login


@pytest.fixture(scope="session")
def our_pulser(simulating_sandbox: Running) -> Iterator[Callable[..., Ask]]:
    """Start Pulser's backends on our connection to a provider, in an environment that holds it."""
    with ExitStack() as started:

        def start(provider: str, **variables: str) -> Ask:
            python = os.environ.get("QUANTUM_ASYNC_SANDBOX_PYTHON") or sys.executable
            command, pipe = [python, str(OUR_PULSER), provider], subprocess.PIPE
            sandbox = json.dumps(simulating_sandbox.env(provider))
            env = {**os.environ, "SANDBOX": sandbox, **variables}
            child = started.enter_context(
                subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=env)
            )
            started.callback(child.stdin.close)

            def ask(call: str, **request: Any) -> Any:
                child.stdin.write(json.dumps({"call": call, **request}) + "\n")
                child.stdin.flush()
                line = child.stdout.readline()
                assert line, "our process ended"
                return json.loads(line)

            return ask

        yield start


@pytest.fixture
def sandbox(counting_sandbox: Running) -> Running:
    """The fast sandbox with nothing in it."""
    counting_sandbox.reset()
    return counting_sandbox


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let recorded traffic be replayed from any folder."""
    parser.addoption("--recordings", help="folder of recorded traffic of Azure Quantum")
