"""Programs that use the facade, run in a process of their own so that signals can reach them."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal

ROOT = Path(__file__).parents[2]

PREAMBLE = """
import atexit, os, signal, sys, threading, time
import anyio
import quantum_async.blocking as qa
from quantum_async.blocking._portal import existing_portal
from tests.scheduler.fake import PROGRAM, FakeClient

def say(*words):
    print(*words, flush=True)

def until(is_so):
    while not is_so():
        time.sleep(0.01)

def is_in_a_wait(thread):
    return thread in list(existing_portal().waiting.values())

def say_once_it_waits():
    # From another thread, because the main one is going to wait.
    def watch():
        until(lambda: is_in_a_wait(threading.main_thread()))
        say("waiting")
    threading.Thread(target=watch, daemon=True).start()

def uncancelled(fake):
    return sum(job.cancelled_at is None for job in fake.world.jobs.values())

def end_all(fake):
    for job in fake.world.jobs.values():
        job.run_time = 0.0

class Stubborn(FakeClient):
    async def cancel(self, jobs):
        say("cancelling")
        await anyio.sleep_forever()

endless = lambda number: float("inf")
"""


@dataclass(frozen=True)
class Ended:
    """How a program ended.

    Args:
        code: Its exit code; negative for a signal.
        out: What it wrote to standard output.
        err: What it wrote to standard error.
    """

    code: int
    out: str
    err: str


def run(code: str, **signals: signal.Signals) -> Ended:
    """Run a program; send it each signal once it has said the word, in that order."""
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
        for word, number in signals.items():
            while line := process.stdout.readline():
                out += line
                if line.strip() == word:
                    break
            process.send_signal(number)
        rest, err = process.communicate()
    finally:
        process.kill()
        process.wait()
    return Ended(process.returncode, out + rest, err)
