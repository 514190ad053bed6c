"""Programs that use the facade, run in a process of their own so that signals can reach them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

PREAMBLE = """
import atexit, os, signal, sys, threading, time
import quantum_async.blocking as qa
from tests.scheduler.fake import PROGRAM, FakeClient

def say(*words):
    print(*words, flush=True)

def uncancelled(fake):
    return sum(job.cancelled_at is None for job in fake.world.jobs.values())

slow = lambda number: 60.0
"""


@dataclass(frozen=True)
class Ended:
    """How a program ended.

    Args:
        code: Its exit code; negative for a signal.
        out: What it wrote to standard output.
        err: What it wrote to standard error.
        seconds: Time from the last signal to its end.
    """

    code: int
    out: str
    err: str
    seconds: float


def run(code: str, *signals: signal.Signals, pause: float = 0.3, patience: float = 20.0) -> Ended:
    """Run a program; once it has said that it waits, send signals with a pause between them."""
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PREAMBLE + code],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    out = ""
    try:
        assert process.stdout is not None
        for line in process.stdout if signals else ():
            out += line
            if line.strip() == "waiting":
                break
        for number in signals:
            time.sleep(pause)
            process.send_signal(number)
        start = time.monotonic()
        rest, err = process.communicate(timeout=patience)
    finally:
        process.kill()
        process.wait()
    return Ended(process.returncode, out + rest, err, time.monotonic() - start)
