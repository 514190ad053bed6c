"""The migration pages show code that azure-quantum and pulser-azure run, and name all of it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import azure.quantum
import pulser_azure.connection
import pytest
from azure.quantum import Job, Session, Workspace
from azure.quantum.target import Target
from pulser_azure import AzureConnection

spec = importlib.util.spec_from_file_location(
    "migration", Path(__file__).parents[1] / "migration.py"
)
migration = importlib.util.module_from_spec(spec)
spec.loader.exec_module(migration)


@pytest.fixture(autouse=True)
def at_the_sandbox(simulated, monkeypatch) -> None:
    """Whatever workspace a page names, it is the sandbox's."""
    for module in (azure.quantum, pulser_azure.connection):
        monkeypatch.setattr(module, "Workspace", lambda **_: simulated)


def test_the_vendors_side_of_the_page_runs():
    """Each block on the vendor's side is code that its current release runs."""
    namespace = migration.run("azure-quantum", "azure-quantum")
    assert namespace["job"].details.status == "Succeeded"


def test_the_connection_of_pulser_azure_is_made_as_the_page_says():
    """Its constructor takes a resource id, and nothing else."""
    text = (migration.PAGES / "pulser.md").read_text(encoding="utf-8")
    (code,) = [c for title, c in migration.BLOCK.findall(text) if title.startswith("pulser-azure")]
    namespace: dict[str, object] = {}
    exec(code, namespace)
    assert isinstance(namespace["azure"], AzureConnection)
    assert migration.public(AzureConnection) <= migration.named("pulser", "`PasqalCloudConnection`")


@pytest.mark.parametrize("cls", [Workspace, Job, Session, Target], ids=lambda cls: cls.__name__)
def test_no_operation_is_left_out(cls):
    """Every public operation of the vendor's classes stands in the page's table."""
    missing = migration.public(cls) - migration.named("azure-quantum", f"`{cls.__name__}`")
    assert missing == set()
