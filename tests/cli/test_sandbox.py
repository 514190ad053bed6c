"""`quantum-async sandbox serve`: the sandbox as users start it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.request import urlopen

from tests.cli.conftest import command

if TYPE_CHECKING:
    from pathlib import Path


def test_it_serves_until_interrupted(tmp_path: Path) -> None:
    """A line per service, then ready; the variables are written; Ctrl-C ends it."""
    env_file = tmp_path / "sandbox.env"
    words = ["sandbox", "serve", "--port", "0", "--no-simulate", "--env-file", str(env_file)]
    run = [sys.executable, "-m", "quantum_async.cli", *words]
    with subprocess.Popen(run, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line.strip())
            if line.strip() == "ready":
                break
        control = next(line.split()[-1] for line in lines if line.startswith("control"))
        with urlopen(f"{control}/stats") as answer:
            assert set(json.load(answer)) == {"pasqal", "azure", "iqm", "qoro"}
        process.send_signal(signal.SIGINT)
        assert process.wait() == 0
    assert len(lines) == 6
    assert "IQM_SERVER_URL=" in env_file.read_text()


def test_a_wrong_option_is_told() -> None:
    """A duration that is none ends with exit code 2, the reason and the remedy."""
    ran = command("sandbox", "serve", "--latency", "soon")
    assert ran.code == 2
    assert [line.partition(":")[0] for line in ran.err.splitlines()] == ["error", "why", "fix"]
    assert "--latency: 'soon' is not a duration" in ran.err
