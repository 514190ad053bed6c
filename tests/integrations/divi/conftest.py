"""Our runner, where a stand-in is what it finds of Divi."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.integrations.divi.stand_in import (
    NEWER,
    OLDER,
    ExecutionCancelledError,
    runner_module,
)
from tests.providers.qoro.service import Service, client


@pytest.fixture
def service():
    """A Qoro service in memory."""
    return Service()


def divi_of(generation, service):
    """The names of a generation, and a way to make runners there."""
    with runner_module(generation) as module:
        made = []

        def runner(**options):
            made.append(module.QoroRunner(client(service), polling_interval=0.01, **options))
            return made[-1]

        yield SimpleNamespace(
            generation=generation,
            is_newer=generation == NEWER,
            backends=module.backends,
            cancelled=ExecutionCancelledError,
            module=module,
            runner=runner,
            service=service,
        )
        for opened in made:
            opened.close()


@pytest.fixture(params=[OLDER, NEWER])
def divi(request, service):
    """Either generation of Divi."""
    yield from divi_of(request.param, service)


@pytest.fixture
def newer(service):
    """Divi since 0.14."""
    yield from divi_of(NEWER, service)


@pytest.fixture
def runner(divi):
    """Our runner in either generation."""
    return divi.runner()
