"""The migration page shows code that iqm-client runs, and leaves none of its operations out."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from iqm.iqm_client import CircuitJobTracker, IQMClient

spec = importlib.util.spec_from_file_location(
    "migration", Path(__file__).parents[1] / "migration.py"
)
migration = importlib.util.module_from_spec(spec)
spec.loader.exec_module(migration)


def test_the_vendors_side_of_the_page_runs(simulating_sandbox, monkeypatch):
    """Each block on the vendor's side is code that its current release runs."""
    connect, url = IQMClient.from_url, simulating_sandbox.env("iqm")["IQM_SERVER_URL"]
    monkeypatch.setattr(IQMClient, "from_url", lambda _, **given: connect(url, **given))
    namespace = migration.run("iqm-client", "iqm-client 36")
    assert namespace["job"].result_counts()[0].counts == {"1": 10}


@pytest.mark.parametrize(
    ("heading", "cls"),
    [("`IQMClient` 36", IQMClient), ("`CircuitJobTracker`", CircuitJobTracker)],
)
def test_no_operation_is_left_out(heading, cls):
    """Every public operation of the vendor's classes stands in the page's table."""
    assert migration.public(cls) - migration.named("iqm-client", heading) == set()
