"""The migration page shows code that iqm-client 17 runs, and leaves none of its operations out."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import iqm.iqm_client as vendor
from iqm.iqm_client import IQMClient

spec = importlib.util.spec_from_file_location(
    "migration", Path(__file__).parents[1] / "migration.py"
)
migration = importlib.util.module_from_spec(spec)
spec.loader.exec_module(migration)


def test_the_vendors_side_of_the_page_runs(simulating_sandbox, monkeypatch):
    """Each block on the vendor's side is code that the release runs."""
    url = simulating_sandbox.env("iqm")["IQM_SERVER_URL"] + "/cocos"
    monkeypatch.setattr(vendor, "IQMClient", lambda _, **given: IQMClient(url, **given))
    namespace = migration.run("iqm-client", "iqm-client 17")
    assert namespace["run"].measurements[0]["m"] == [[1]] * 10


def test_no_operation_is_left_out():
    """Every public operation of the vendor's class stands in the page's table."""
    assert migration.public(IQMClient) - migration.named("iqm-client", "`IQMClient` 17") == set()
