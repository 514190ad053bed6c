"""The migration page leaves nothing out of what Divi's service class could do before 0.14."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from divi.backends import QoroService

spec = importlib.util.spec_from_file_location(
    "migration", Path(__file__).parents[1] / "migration.py"
)
migration = importlib.util.module_from_spec(spec)
spec.loader.exec_module(migration)


def test_no_operation_is_left_out():
    """Every public operation of the older class stands in the page's table."""
    assert migration.public(QoroService) - migration.named("divi", "`QoroService`") == set()
