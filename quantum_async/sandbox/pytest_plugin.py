"""Pytest fixtures that start a sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quantum_async.sandbox.handle import BlockingSandbox, Sandbox


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[BlockingSandbox]:
    """Run one sandbox for the whole session: short seeded jobs, nothing simulated."""
    # Whoever does not ask for a sandbox must not pay for its imports.
    from quantum_async.sandbox.handle import BlockingSandbox

    with BlockingSandbox(simulate=False, job_time=0.02, parallel=True) as sandbox:
        yield sandbox


@pytest.fixture
def blocking_sandbox(sandbox_process: BlockingSandbox) -> BlockingSandbox:
    """Give the session's sandbox with nothing in it."""
    sandbox_process.reset()
    return sandbox_process


@pytest.fixture
def sandbox(blocking_sandbox: BlockingSandbox) -> Sandbox:
    """Give the session's sandbox with nothing in it, to be used with ``await``."""
    from quantum_async.sandbox.handle import Sandbox

    return Sandbox.attached(blocking_sandbox)
