"""Lives of a script: each in a process of its own, which begins with everything imported."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.doors import play

PROCESSES = multiprocessing.get_context("forkserver")
# What a script imports takes longer than what it does, and is the same each time.
PROCESSES.set_forkserver_preload(["tests.doors.loaded"])
STEP = 0.01
"""Seconds between two looks at a process."""


@dataclass(frozen=True)
class Script:
    """A script at a door.

    Args:
        door: The door's name.
        provider: Where it leads to.
        folder: Where its journal and all that it writes are.
        env: A file of variables.
        words: What else its command line says.
    """

    door: str
    provider: str
    folder: Path
    env: Path
    words: tuple[str, ...] = ()

    @property
    def journal(self) -> Path:
        """Where it writes its jobs down."""
        return self.folder / "jobs.db"

    @property
    def output(self) -> Path:
        """Where its results are once it is done."""
        return self.folder / "out.json"

    def live(self, *words: str, seconds: float = 200.0) -> tuple[list[str], int | None]:
        """Run it until it ends, or for some time from when it begins, and kill it then.

        Args:
            *words: What its command line says this time.
            seconds: How long it may run.

        Returns:
            The lines that it has told, and how it ended; ``None`` where it had to be killed.
        """
        told = self.folder / "told"
        told.unlink(missing_ok=True)
        command = [self.door, self.provider, str(self.journal), str(self.env)]
        command += ["--output", str(self.output), "--told", str(told), *self.words, *words]
        process = PROCESSES.Process(target=play.run, args=(command,))
        process.start()
        while process.is_alive() and not told.exists():
            time.sleep(STEP)
        process.join(seconds)
        is_killed = process.is_alive()
        if is_killed:
            process.kill()
            process.join()
        code = process.exitcode
        process.close()
        lines = told.read_text().splitlines() if told.exists() else []
        return lines, None if is_killed else code

    def persist(
        self,
        seed: int,
        *,
        kills: int,
        life: tuple[float, float],
        settle: Callable[[], None] | None = None,
    ) -> int:
        """Run it, kill it and run it again until it is done; return how often it was killed.

        Args:
            seed: Decides the moments.
            kills: How often it is killed at the most.
            life: Shortest and longest life in seconds of a process that is killed.
            settle: What its user does where nobody can say whether a submission exists.

        Raises:
            AssertionError: It ended by itself without being done.
        """
        chance, killed = random.Random(seed), 0
        while not self.output.exists():
            seconds = chance.uniform(*life) if killed < kills else 200.0
            lines, code = self.live(seconds=seconds)
            if code == 1 and settle is not None and "SubmissionUnknownError" in str(lines):
                settle()
                continue
            assert code in {0, None}, "\n".join(lines)
            assert code == 0 or killed < kills, "it does not come to its end"
            killed += code is None
        return killed
