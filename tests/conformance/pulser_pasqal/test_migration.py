"""The migration page leaves none of pulser-pasqal's operations out."""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import pulser_pasqal

spec = importlib.util.spec_from_file_location(
    "migration", Path(__file__).parents[1] / "migration.py"
)
migration = importlib.util.module_from_spec(spec)
spec.loader.exec_module(migration)


def test_no_operation_is_left_out():
    """The older connections have the operations of the newer one, which stand in the table."""
    there = migration.public(pulser_pasqal.PasqalCloud, pulser_pasqal.OVHConnection)
    assert there - migration.named("pulser", "`PasqalCloudConnection`") == set()
