"""Tests of the scheduler have a clock of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import anyio.to_thread
import pytest

from tests.scheduler.leaping import LeapingLoop


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run them on a clock that leaps; a journal is on the disk, and takes the time that it takes."""
    is_real = "tmp_path" in getattr(item, "fixturenames", ())
    return {"real": asyncio.SelectorEventLoop} if is_real else {"leaping": LeapingLoop}


@pytest.fixture(autouse=True)
async def threads_take_no_time() -> None:
    """Let no time pass while a program is made on a thread."""
    loop = asyncio.get_running_loop()
    if isinstance(loop, LeapingLoop):
        loop.threads = anyio.to_thread.current_default_thread_limiter()
