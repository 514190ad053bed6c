"""Who holds a lease, and whether that process can still be alive."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_here: set[str] = set()
"""Runs that are open in this process."""

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Owner:
    """A run and the process it lives in.

    Args:
        run: The run's id.
        host: The machine with its boot and process namespace, so that a number names one process.
        pid: The process's number.
        birth: When the process started, as the kernel counts: numbers are used again.
    """

    run: str
    host: str
    pid: int
    birth: str

    @classmethod
    def this(cls, run: str) -> Self:
        """Describe a run of this process."""
        return cls(run, host(), os.getpid(), birth(os.getpid()))

    def enter(self) -> None:
        """Note that the run is open in this process."""
        _here.add(self.run)

    def leave(self) -> None:
        """Note that the run is closed."""
        _here.discard(self.run)

    def is_dead(self) -> bool:
        """Whether it is certain that nobody acts for this run any more.

        A process that cannot be looked at may be alive, however long it has been silent.
        """
        if self.host != host() or not self.birth:
            return False
        if self.pid == os.getpid() and self.birth == birth(self.pid):
            return self.run not in _here
        return birth(self.pid) != self.birth


def host() -> str:
    """Name this machine, its boot and its process namespace."""
    parts = [socket.gethostname()]
    try:
        parts.append((PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
        parts.append(str((PROC / "self/ns/pid").readlink()))
    except OSError:
        pass
    return "/".join(parts)


def birth(pid: int) -> str:
    """Return when a process started, or nothing where it does not exist or is a zombie."""
    try:
        stat = (PROC / str(pid) / "stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    # The name, in parentheses, may hold anything; what follows the last one is regular.
    parts = stat.rpartition(")")[2].split()
    return "" if parts[0] in {"Z", "X"} else parts[19]
