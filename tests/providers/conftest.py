"""How long tests of the providers wait for an answer."""

from __future__ import annotations

import pytest


@pytest.fixture
def silence(request: pytest.FixtureRequest) -> float:
    """Seconds without an answer after which a request is given up.

    Few only where a test's service never answers: what does answer must not race with it.
    """
    given = getattr(request.node, "callspec", None)
    values = given.params.values() if given else ()
    never = any(isinstance(value, str) and value.endswith("timeout") for value in values)
    return 2.0 if never else 60.0
