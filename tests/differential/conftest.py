"""The process in which routes are taken."""

from __future__ import annotations

import pytest

from tests.differential.routes import Apart


@pytest.fixture(scope="session")
def apart():
    """A process apart, which may crash."""
    process = Apart()
    yield process
    process.stop()
