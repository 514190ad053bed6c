"""Every public operation of the vendor's older client class has one of ours."""

from __future__ import annotations

from iqm.iqm_client import IQMClient

TABLE = {
    "submit_circuits": "submit_circuits",
    "create_run_request": "prepare_circuits",
    "submit_run_request": "submit_prepared",
    "get_run": "get_run",
    "get_run_status": "get_run_status",
    "wait_for_compilation": "wait_for_compilation",
    "wait_for_results": "wait_for_results",
    "abort_job": "abort_job",
    "get_quantum_architecture": "get_quantum_architecture",
    "close_auth_session": "close_auth_session",
}
"""Theirs, and ours."""


def test_the_table_is_complete():
    """The class can nothing that the table does not name, and all that it names."""
    assert {name for name in dir(IQMClient) if not name.startswith("_")} == TABLE.keys()


def test_ours_are_there(ours):
    """Every operation of ours in the table exists."""
    assert set(TABLE.values()) <= set(ours("operations"))
