"""The migration pages show code that pasqal-cloud runs, and leave none of its operations out."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pasqal_cloud.pasqal_cloud_client as vendor
import pytest
from pasqal_cloud import OVHConnection, PasqalCloudConnection
from pasqal_cloud.batch import Batch
from pasqal_cloud.job import Job
from pasqal_cloud.workload import Workload
from pulser import QPUBackend
from pulser.backend.remote import RemoteResults
from pydantic import BaseModel

spec = importlib.util.spec_from_file_location(
    "migration", Path(__file__).parents[1] / "migration.py"
)
migration = importlib.util.module_from_spec(spec)
spec.loader.exec_module(migration)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(autouse=True)
def at_the_sandbox(simulating_sandbox, pasqal_login, monkeypatch) -> None:
    """Whatever a page logs in with, it is the sandbox that answers."""
    arguments = pasqal_login(simulating_sandbox.env("pasqal"))
    construct = vendor.PasqalCloudClient.__init__

    def redirected(self, *_, **given):
        construct(self, **{**given, **arguments})

    monkeypatch.setattr(vendor.PasqalCloudClient, "__init__", redirected)


@pytest.mark.parametrize("page", ["pasqal-cloud", "pulser"])
def test_the_vendors_side_of_a_page_runs(page):
    """Each block on the vendor's side is code that its current release runs."""
    migration.run(page, "pasqal-cloud")


@pytest.mark.parametrize(
    ("page", "heading", "classes"),
    [
        ("pasqal-cloud", "`PasqalCloudClient`", (vendor.PasqalCloudClient,)),
        ("pasqal-cloud", "`Batch`", (Batch,)),
        ("pasqal-cloud", "`Job`", (Job,)),
        ("pasqal-cloud", "`Workload`", (Workload,)),
        ("pulser", "`PasqalCloudConnection`", (PasqalCloudConnection, OVHConnection)),
        ("pulser", "`QPUBackend`", (QPUBackend,)),
        ("pulser", "`RemoteResults`", (RemoteResults,)),
    ],
)
def test_no_operation_is_left_out(page, heading, classes):
    """Every public operation of the vendor's classes stands in the page's table."""
    missing = migration.public(*classes, without=(BaseModel,)) - migration.named(page, heading)
    # A field that pydantic fills in, not an operation.
    assert missing - {"result_link_to_result"} == set()
