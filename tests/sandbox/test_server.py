"""The server as a process: its ports, its lines, its end."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from urllib.request import urlopen

import anyio
import pytest

from quantum_async.sandbox import BlockingSandbox, Sandbox, SandboxSettings
from quantum_async.sandbox.settings import seconds

pytestmark = pytest.mark.processes

COMMAND = [sys.executable, "-m", "quantum_async.sandbox"]


@contextmanager
def served(*flags: str):
    """Run the command; give the process and the lines it printed until it was ready."""
    pipe = subprocess.PIPE
    with subprocess.Popen([*COMMAND, *flags], stdin=pipe, stdout=pipe, text=True) as child:
        lines = []
        for line in child.stdout:
            lines.append(line.strip())
            if lines[-1] == "ready":
                break
        try:
            yield child, lines
        finally:
            child.kill()


def free_ports() -> int:
    """Find a port whose next nine are free as well, away from where another test has begun to look."""
    for _ in range(1000):
        first = 21000 + 10 * secrets.randbelow(1100)
        try:
            for port in range(first, first + 10):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise RuntimeError("no ten free ports")


def test_services_listen_on_consecutive_ports(tmp_path):
    """Pasqal listens on the first port and control on the tenth; a shell can source the variables."""
    first, env_file = free_ports(), tmp_path / "sandbox.env"
    flags = ("--port", str(first), "--no-simulate", "--env-file", str(env_file))
    with served(*flags) as (_, lines):
        assert f"pasqal http://127.0.0.1:{first}" in lines
        assert lines[-2:] == [f"control http://127.0.0.1:{first + 9}", "ready"]
        shell = ["sh", "-euc", 'set -a; . "$1"; env -0', "sh", str(env_file)]
        told = subprocess.run(shell, check=True, capture_output=True, text=True, env={})
    assert told.stderr == ""
    variables = dict(pair.split("=", 1) for pair in told.stdout.split("\0") if pair)
    assert variables["QUANTUM_ASYNC_PASQAL_CORE_URL"] == f"http://127.0.0.1:{first}/core-fast"
    parts = variables["AZURE_QUANTUM_CONNECTION_STRING"].split(";")
    assert [part.partition("=")[0] for part in parts] == [
        *("SubscriptionId", "ResourceGroupName", "WorkspaceName", "ApiKey", "QuantumEndpoint", "")
    ]


def test_a_taken_port_is_a_usage_error():
    """A port that is taken ends the command with 2 and a sentence that names it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [*COMMAND, "--port", str(port)], capture_output=True, text=True, check=False
        )
    assert done.returncode == 2
    assert f"port {port} of 127.0.0.1" in done.stderr


@pytest.mark.parametrize(
    "flags",
    [
        ["--latency", "soon"],
        ["--faults", "{missing}/plan.json"],
        ["--settings", '{"a": 1}'],
        ["--settings", '{"services": ["nobody"]}'],
        ["--settings", '{"options": {"pasqal": {"colour": "red"}}}'],
        ["--port", "0", "--env-file", "{missing}/sandbox.env"],
    ],
)
def test_a_wrong_flag_is_a_usage_error(flags, tmp_path):
    """A duration, plan, setting or file that cannot be used ends the command with 2 and a reason."""
    flags = [flag.replace("{missing}", str(tmp_path / "missing")) for flag in flags]
    done = subprocess.run([*COMMAND, *flags], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("sandbox: ")


def test_a_plan_of_faults_is_read_from_a_file(tmp_path, wire_to):
    """`--faults` puts a plan in force from the first request."""
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps([{"provider": "pasqal", "route": "*", "fault": "status:503"}]))
    with served("--port", "0", "--faults", str(plan)) as (_, lines):
        pasqal = wire_to(lines[0].split()[1])
        assert pasqal.v1("GET", "/batches").status == 503


@pytest.mark.parametrize("flags", [[], ["--watch-stdin"]])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_good_order(number, flags):
    """SIGINT and SIGTERM end the command with 0, also while an answer is held back."""
    faults = '{"faults": [{"fault": "timeout"}]}'
    with served("--port", "0", "--settings", faults, *flags) as (child, lines):
        host, port = lines[0].split("//")[1].split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(b"GET /core-fast/api/v1/batches HTTP/1.1\r\nHost: x\r\n\r\n")
            control = lines[-2].split()[1]
            while b"/core-fast" not in urlopen(f"{control}/stats").read():
                time.sleep(0.01)
            child.send_signal(number)
            assert child.wait() == 0


def test_it_ends_with_its_parent():
    """The end of standard input, which a dead parent leaves behind, ends the sandbox."""
    with served("--port", "0", "--watch-stdin") as (child, _):
        child.stdin.close()
        assert child.wait() == 0


def test_only_loopback_is_listened_on():
    """Another address of this machine is refused."""
    with BlockingSandbox(simulate=False) as sandbox:
        port = int(sandbox.url("pasqal").rpartition(":")[2])
        with socket.socket() as probe, pytest.raises(ConnectionRefusedError):
            probe.connect(("127.0.0.2", port))


def test_latency_is_spent_half_before_and_half_after_the_state_is_read(standing):
    """The service acts in the middle of the latency, and shows the state of that moment."""
    pasqal = standing("pasqal", latency=60.0, job_time=20.0)
    batch = pasqal.create()
    assert pasqal.slept == [(30.0, 0), (30.0, 1)]
    assert pasqal.now == 1060.0
    assert batch["status"] == "RUNNING"
    assert pasqal.v1("GET", f"/batches/{batch['id']}/status").data["status"] == "DONE"


def test_another_interpreter_can_be_named(tmp_path):
    """The variable names what runs the sandbox, such as one that has the simulators."""
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\ntouch "{tmp_path}/used"\nexec "{sys.executable}" "$@"\n')
    script.chmod(0o755)
    program = "from quantum_async.sandbox import BlockingSandbox\nwith BlockingSandbox(): pass"
    variables = {**os.environ, "QUANTUM_ASYNC_SANDBOX_PYTHON": str(script)}
    subprocess.run([sys.executable, "-c", program], env=variables, check=True)
    assert (tmp_path / "used").exists()


def test_a_sandbox_that_cannot_start_says_so(capfd):
    """Wrong options of a service end in an error instead of waiting."""
    sandbox = BlockingSandbox(options={"pasqal": {"colour": "red"}})
    with pytest.raises(RuntimeError, match="did not start"), sandbox:
        pass
    assert "colour" in capfd.readouterr().err


async def test_the_async_sandbox_stops_when_its_block_is_cancelled():
    """Cancelling the block ends the process."""
    with anyio.CancelScope() as scope:
        async with Sandbox(simulate=False) as sandbox:
            port = int(sandbox.url("control").rpartition(":")[2])
            scope.cancel()
            await anyio.sleep_forever()
    with socket.socket() as probe, pytest.raises(ConnectionRefusedError):
        probe.connect(("127.0.0.1", port))


async def test_starting_does_not_block_the_loop(never_blocks):
    """The loop stays free while the process starts, is asked and stops."""
    async with Sandbox(simulate=False) as sandbox:
        assert (await sandbox.stats())["pasqal"]["jobs_created"] == 0


def test_a_second_start_is_refused_and_harms_nothing(wire_to):
    """Entering a block again would leave a process without an owner: it is refused."""
    with BlockingSandbox(simulate=False, services=["pasqal"]) as sandbox:
        with pytest.raises(RuntimeError, match="runs already"), sandbox:
            pass
        assert wire_to(sandbox.url("pasqal")).v1("GET", "/batches").status == 200


async def test_a_further_hand_neither_starts_nor_stops_the_sandbox(sandbox, pasqal):
    """The block of an attached sandbox may be entered; whoever started it stops it."""
    async with sandbox:
        assert (await sandbox.stats())["pasqal"]["jobs_created"] == 0
    assert pasqal.v1("GET", "/batches").status == 200


async def test_a_sandbox_that_does_not_run_says_so():
    """Before and after its block a sandbox has no services, and says what to do."""
    sandbox = Sandbox(simulate=False, services=["pasqal"])
    with pytest.raises(RuntimeError, match="enter its block"):
        await sandbox.stats()
    async with sandbox:
        with pytest.raises(KeyError, match="it has pasqal, control"):
            sandbox.url("azure")
    with pytest.raises(KeyError, match="not running"):
        sandbox.env("pasqal")


def test_a_client_needs_an_installed_provider():
    """Asking for the client of what is not installed is a KeyError."""
    with BlockingSandbox(simulate=False) as sandbox, pytest.raises(KeyError):
        sandbox.client("nobody")


@pytest.mark.parametrize(
    ("text", "value"), [("0ms", 0.0), ("250ms", 0.25), ("0.2s", 0.2), ("1m", 60.0), ("3", 3.0)]
)
def test_durations_are_written_as_people_do(text, value):
    """Settings take 250ms, 0.2s, 1m and bare seconds."""
    assert seconds(text) == value
    assert SandboxSettings(latency=text).latency == value


@pytest.mark.parametrize("text", ["soon", "1 parsec", "", "-1s", float("inf"), float("nan")])
def test_what_is_no_duration_is_refused(text):
    """Anything else is an error."""
    with pytest.raises(ValueError):
        SandboxSettings(latency=text)


def test_no_process_of_the_simulation_outlives_the_sandbox(wire_to, make_batch):
    """The workers end with the sandbox, busy or not."""
    with BlockingSandbox(workers=1, preload=True) as sandbox:
        pid = sandbox._process._child.pid
        while not (children := _children(pid)):
            time.sleep(0.02)
    while any(map(_is_alive, children)):
        time.sleep(0.05)


def _children(pid: int) -> list[int]:
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:  # noqa: PTH123
            return [int(word) for word in file.read().split()]
    except FileNotFoundError:
        pytest.skip("needs Linux's list of child processes")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
        return file.read().rpartition(")")[2].split()[0] != "Z"
