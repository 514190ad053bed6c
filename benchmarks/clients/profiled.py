"""The engine's client with a sampler on its CPU: which part of the package takes it, and for what.

A timer that counts the CPU of all threads interrupts the main one. What that one has used since the
last time goes to the innermost frame that belongs to a part; what the others have used goes to the
one of them that is not waiting, or to "threads", which are the journal's and those that check jobs,
where it has gone back to that. So all figures add up to the CPU that was measured.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import engine
from row import Row

if TYPE_CHECKING:
    from types import CodeType, FrameType

INTERVAL = 0.001
"""Of CPU time; the system's clock may make it 4 ms."""
PARTS = {
    "/quantum_async/http/": "session",
    "/quantum_async/providers/": "provider client",
    "/quantum_async/models/": "provider client",
    "/quantum_async/scheduler/": "scheduler",
    "/quantum_async/journal/": "journal",
    "/sqlalchemy/": "journal",
    "/aiohttp/": "HTTP library",
    "/yarl/": "HTTP library",
    "/multidict/": "HTTP library",
    "/asyncio/selector_events.py": "HTTP library",
    "/asyncio/base_events.py": "event loop",
    "/selectors.py": "event loop",
    "/benchmarks/clients/": "benchmark",
}
"""Other frames, such as the standard library's, belong to the one that called them."""
PURPOSES = {
    "/scheduler/sending.py": "submit",
    "/scheduler/polling.py": "poll",
    "/journal/writer.py": "write",
}
INNER = {"call_soon", "_call_soon", "call_soon_threadsafe", "call_at", "call_later", "create_task"}
"""Functions of the loop that work for whoever calls them."""
WAITING = {"threading.py", "queue.py", "selectors.py"}


class Sampler:
    """CPU seconds by part and purpose, from `start` to `stop`."""

    def __init__(self) -> None:
        self.seconds: Counter[tuple[str, str]] = Counter()
        self._known: dict[CodeType, tuple[str, str]] = {}

    def start(self) -> None:
        self._main, self._all = time.thread_time(), time.process_time()
        signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)

    def stop(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _sample(self, number: int, frame: FrameType | None) -> None:
        del number
        main, everything = time.thread_time(), time.process_time()
        of_main = main - self._main
        of_others = max(0.0, everything - self._all - of_main)
        self._main, self._all = main, everything
        self.seconds[self._place(frame, "event loop")] += of_main
        self.seconds[self._elsewhere()] += of_others

    def _elsewhere(self) -> tuple[str, str]:
        here = threading.get_ident()
        for ident, frame in sys._current_frames().items():  # noqa: SLF001  documented for this
            if ident != here and Path(frame.f_code.co_filename).name not in WAITING:
                return self._place(frame, "threads")
        return "threads", "other"

    def _place(self, frame: FrameType | None, otherwise: str) -> tuple[str, str]:
        part = purpose = ""
        while frame is not None and not (part and purpose):
            its_part, its_purpose = self._of(frame.f_code)
            part, purpose = part or its_part, purpose or its_purpose
            frame = frame.f_back
        return part or otherwise, purpose or "other"

    def _of(self, code: CodeType) -> tuple[str, str]:
        known = self._known.get(code)
        if known is None:
            known = self._known[code] = (_named(PARTS, code), _named(PURPOSES, code))
        return known


def _named(names: dict[str, str], code: CodeType) -> str:
    if code.co_name in INNER:
        return ""
    return next((name for piece, name in names.items() if piece in code.co_filename), "")


class SampledRow(Row):
    """A run whose CPU is told by part."""

    def begin(self) -> None:
        super().begin()
        self.sampler = Sampler()
        self.sampler.start()

    def end_cpu(self) -> None:
        self.sampler.stop()
        super().end_cpu()
        self.further["parts"] = [
            [*place, seconds] for place, seconds in self.sampler.seconds.items()
        ]


if __name__ == "__main__":
    engine.main(SampledRow)
