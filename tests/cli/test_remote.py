from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest

from tests.cli.conftest import BELL, start, written

pytestmark = pytest.mark.processes

PLUGIN = Path(__file__).parent / "plugin"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def lines(log: Path, word: str) -> list[str]:
    text = log.read_text() if log.exists() else ""
    return [line for line in text.splitlines() if line.startswith(word)]


def until_submitted(log: Path, number: int) -> None:
    while len(lines(log, "submitted")) < number:
        time.sleep(0.02)


@pytest.mark.parametrize(
    "number",
    [signal.SIGINT, signal.SIGTERM, signal.SIGHUP],
    ids=["Ctrl-C", "SIGTERM", "a closed terminal"],
)
def test_an_interrupt_cancels_remote_jobs(bell: Path, log: Path, number: signal.Signals) -> None:
    """Interrupted or terminated, the command cancels its jobs at the provider and exits 130."""
    other = written(bell.with_name("other.qasm"), BELL)
    process = start("run", bell, other, "--on", "slowpoke", path=PLUGIN, SLOWPOKE_LOG=str(log))
    until_submitted(log, 2)
    process.send_signal(number)
    out, err = process.communicate()
    assert process.returncode == 130
    assert out == ""
    assert "interrupted: what was running has been cancelled" in err
    assert "Traceback" not in err
    assert len(lines(log, "cancelled")) == 2


@pytest.mark.parametrize("ignored", ["INT", "INT HUP"], ids=["in the background", "by nohup"])
@pytest.mark.parametrize("verb", ["run", "sweep"])
def test_sigterm_ends_a_command_that_was_started_to_ignore_interrupts(
    bell: Path, log: Path, ignored: str, verb: str
) -> None:
    """What a shell runs in the background is deaf to Ctrl-C, and SIGTERM still cancels its jobs."""
    words = ["--param", "theta=500,600"] if verb == "sweep" else []
    process = start(
        verb, bell, "--on", "slowpoke", *words,
        path=PLUGIN, ignored=ignored, SLOWPOKE_LOG=str(log),
    )  # fmt: skip
    until_submitted(log, 2 if words else 1)
    for name in ignored.split():
        process.send_signal(getattr(signal, f"SIG{name}"))
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate()
    assert process.returncode == 130
    assert "interrupted" in err
    assert len(lines(log, "cancelled")) == len(lines(log, "submitted"))


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_second_signal_leaves_a_command_at_once(
    bell: Path, log: Path, second: signal.Signals
) -> None:
    """Where the provider does not answer a cancel, the second one ends it, and does not say all is well."""
    process = start(
        "run", bell, "--on", "slowpoke", path=PLUGIN, SLOWPOKE_LOG=str(log), SLOWPOKE_STUBBORN="yes"
    )
    until_submitted(log, 1)
    process.send_signal(signal.SIGTERM)
    while not lines(log, "asked"):
        time.sleep(0.01)
    process.send_signal(second)
    _, err = process.communicate()
    assert process.returncode == 130
    assert "interrupted: not everything may be cancelled" in err
    assert not lines(log, "cancelled")


def test_a_timeout_cancels_remote_jobs(bell: Path, log: Path) -> None:
    """When the time is up, what still runs at the provider is cancelled, and its id is told."""
    process = start(
        "run", bell, "--on", "slowpoke:tortoise", "--timeout", 600, "--json",
        path=PLUGIN, SLOWPOKE_LOG=str(log), SLOWPOKE_LEAPS="yes",
    )  # fmt: skip
    out, _ = process.communicate()
    assert process.returncode == 4
    (job,) = json.loads(out)["jobs"]
    assert (job["status"], job["target"]) == ("cancelled", "slowpoke:tortoise")
    assert lines(log, "cancelled") == [f"cancelled {job['job_id']}"]


def test_a_timeout_keeps_what_a_sweep_has_measured(bell: Path, log: Path) -> None:
    """When the time is up, points that are done keep their counts and the others are cancelled."""
    process = start(
        "sweep", bell, "--param", "theta=1,1000", "--on", "slowpoke", "--timeout", 600, "--json",
        path=PLUGIN, SLOWPOKE_LOG=str(log), SLOWPOKE_LEAPS="yes",
    )  # fmt: skip
    out, err = process.communicate()
    assert process.returncode == 4
    document = json.loads(out)
    assert document["timed_out"] is True
    assert [point["status"] for point in document["points"]] == ["succeeded", "cancelled"]
    assert "1 of 2 points had not finished" in err
    assert len(lines(log, "cancelled")) == 1


def test_failed_points_can_be_collected(bell: Path, log: Path) -> None:
    """With --on-error collect the other points are measured, and the exit code is 1."""
    process = start(
        "sweep", bell, "--param", "theta=1,-1,2", "--on", "slowpoke", "--on-error", "collect",
        "--json", path=PLUGIN, SLOWPOKE_LOG=str(log),
    )  # fmt: skip
    out, err = process.communicate()
    assert process.returncode == 1
    points = json.loads(out)["points"]
    assert [point["status"] for point in points] == ["succeeded", "failed", "succeeded"]
    assert points[1]["error"]["type"] == "JobFailedError"
    assert err.startswith("error: ")


def test_a_failed_point_ends_the_sweep(bell: Path, log: Path) -> None:
    """By default a failed point cancels the others, and what was measured is still told."""
    process = start(
        "sweep", bell, "--param", "theta=1000,-1", "--on", "slowpoke", "--json",
        path=PLUGIN, SLOWPOKE_LOG=str(log),
    )  # fmt: skip
    _, err = process.communicate()
    assert process.returncode == 1
    assert "error: " in err
    assert len(lines(log, "cancelled")) == 1


def test_missing_credentials_have_their_own_exit_code(bell: Path) -> None:
    """Without credentials the exit code is 3; listing all devices only remarks on it."""
    process = start("run", bell, "--on", "slowpoke", path=PLUGIN)
    _, err = process.communicate()
    assert process.returncode == 3
    assert "error: SLOWPOKE_LOG is not set" in err
    process = start("devices", path=PLUGIN)
    out, err = process.communicate()
    assert process.returncode == 0
    assert "local:statevector" in out
    assert "slowpoke: not configured" in err
