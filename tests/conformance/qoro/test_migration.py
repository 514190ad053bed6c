"""The migration page shows code that Divi runs, and leaves none of its operations out."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from divi.backends import QoroService
from divi.backends.runners import _qoro

spec = importlib.util.spec_from_file_location(
    "migration", Path(__file__).parents[1] / "migration.py"
)
migration = importlib.util.module_from_spec(spec)
spec.loader.exec_module(migration)

pytestmark = pytest.mark.filterwarnings("ignore")


def test_the_vendors_side_of_the_page_runs(real_env, monkeypatch):
    """Each block on the vendor's side is code that its current release runs, on either backend."""
    for name, value in real_env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(_qoro, "API_URL", real_env["QUANTUM_ASYNC_QORO_URL"])
    namespace = migration.run("divi", "divi")
    namespace["backend"].close()
    assert namespace["program"].best_loss < 0


def test_no_operation_is_left_out():
    """Every public operation of the vendor's class stands in the page's table."""
    assert migration.public(QoroService) - migration.named("divi", "`QoroService`") == set()
