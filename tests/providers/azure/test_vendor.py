"""What is shared with azure-quantum: its workspaces, jobs, sessions and enumerations."""

from __future__ import annotations

import json

import pytest
from azure.quantum import Job, JobDetails, JobStatus, SessionDetails, SessionStatus, Workspace
from azure.quantum._client import models as vendor
from azure.quantum.job.session import Session, SessionJobFailurePolicy

from quantum_async.errors import InvalidOptionError
from quantum_async.models.batch import FailurePolicy
from quantum_async.providers.azure import wire
from quantum_async.providers.azure.client import AzureClient
from quantum_async.providers.azure.filters import ItemFilters, ItemOrder
from quantum_async.providers.azure.wire import (
    AzureJob,
    AzureJobStatus,
    AzureQuota,
    AzureSession,
    AzureSessionStatus,
    Priority,
    ProviderStatus,
    QuotaUsage,
    TargetStatus,
)

STRING = (
    "SubscriptionId=00000000-0000-4000-8000-000000000002;ResourceGroupName=rg;WorkspaceName=ws;"
    "ApiKey=k;QuantumEndpoint=https://eastus.quantum.azure.com/;"
)
JOB = {
    "id": "11111111-0000-4000-8000-000000000001",
    "itemType": "Job",
    "name": "golden",
    "providerId": "ionq",
    "target": "ionq.simulator",
    "status": "Succeeded",
    "sessionId": "22222222-0000-4000-8000-000000000001",
    "containerUri": "https://a.blob.core.windows.net/job-1?sig=s%2F1",
    "inputDataUri": "https://a.blob.core.windows.net/job-1/inputData",
    "inputDataFormat": "ionq.circuit.v1",
    "inputParams": {"shots": 100},
    "outputDataFormat": "ionq.quantum-results.v1",
    "metadata": {"num_qubits": "2"},
    "tags": ["a"],
    "creationTime": "2026-03-01T10:00:00Z",
    "costEstimate": {"currencyCode": "USD", "estimatedTotal": 1.5, "events": []},
    "errorData": None,
    "isCancelling": False,
    "brandNew": {"a": [1]},
}
SESSION = {
    "id": "22222222-0000-4000-8000-000000000001",
    "itemType": "Session",
    "name": "s",
    "providerId": "ionq",
    "target": "ionq.simulator",
    "status": "Failure(s)",
    "jobFailurePolicy": "Continue",
}


@pytest.fixture
def workspace() -> Workspace:
    """The vendor's own, which is made without a request."""
    return Workspace.from_connection_string(STRING)


def test_the_vendors_workspace_becomes_a_client(workspace):
    """The same place, endpoint and key; nothing is looked up."""
    client = AzureClient(workspace=workspace)
    found = client.workspace
    assert (found.name, found.resource_group) == (workspace.name, workspace.resource_group)
    assert found.subscription_id == workspace.subscription_id
    assert (found.location, found.endpoint) == ("eastus", "https://eastus.quantum.azure.com/")


def test_the_vendors_job_becomes_ours_and_goes_back(workspace):
    """From a job or its details; back without a loss, unknown fields and signatures included."""
    theirs = Job(workspace, JobDetails(json.loads(json.dumps(JOB))))
    ours = AzureJob.from_vendor(theirs)
    assert ours == AzureJob.from_vendor(theirs.details) == AzureJob.model_validate(JOB)
    assert (ours.state, ours.shots, ours.session_id) == (
        AzureJobStatus.SUCCEEDED,
        100,
        JOB["sessionId"],
    )
    back = Job(workspace, JobDetails(ours.document()))
    assert back.details.as_dict() == JOB
    assert back.has_succeeded()
    assert back.details.creation_time == theirs.details.creation_time


def test_the_vendors_session_becomes_ours_and_goes_back(workspace):
    """A failure policy and a status as they were."""
    theirs = Session(workspace, details=SessionDetails(dict(SESSION)))
    ours = AzureSession.from_vendor(theirs)
    assert (ours.state, ours.job_failure_policy) == (AzureSessionStatus.FAILURES, "Continue")
    assert Session(workspace, details=SessionDetails(ours.document())).details == theirs.details


def test_a_job_of_the_vendors_is_fetched_by_its_reference(workspace):
    """Whatever submitted it: target and session are part of the reference."""
    job = AzureJob.from_vendor(Job(workspace, JobDetails(dict(JOB))))
    ref = AzureClient(workspace=workspace, account="lab").reference(job)
    assert str(ref.id) == JOB["id"]
    assert (ref.target, ref.batch_id, ref.account) == (
        "ionq.simulator",
        JOB["sessionId"],
        "lab",
    )


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (JobStatus, AzureJobStatus),
        (SessionStatus, AzureSessionStatus),
        (vendor.Priority, Priority),
    ],
)
def test_every_word_of_the_vendors_is_one_of_ours(theirs, ours):
    """Equal by value, so that either is taken where a word is compared."""
    for word in theirs:
        assert ours(word.value) == word


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (vendor.JobDetails, AzureJob),
        (vendor.SessionDetails, AzureSession),
        (vendor.TargetStatus, TargetStatus),
        (vendor.ProviderStatus, ProviderStatus),
        (vendor.Quota, AzureQuota),
        (vendor.QuotaUsage, QuotaUsage),
        (vendor.CostEstimate, wire.CostEstimate),
        (vendor.UsageEvent, wire.UsageEvent),
    ],
)
def test_every_field_of_the_vendors_models_is_kept(theirs, ours):
    """By its own name, whether this package gives it a type or not."""
    fields = {field._rest_name for field in theirs({})._attr_to_rest_field.values()}
    document = {**dict.fromkeys(fields), "id": "x"}
    found = ours.model_validate(document)
    kept = {info.alias for info in ours.model_fields.values()} | set(found.model_extra)
    assert fields - {"itemType"} <= kept


def test_the_vendors_words_are_taken_in_filters_and_policies():
    """Their `str` is a name, which the service would not know."""
    filters = ItemFilters(
        statuses=(JobStatus.FAILED, AzureJobStatus.CANCELLED),
        item_types=(vendor.ItemType.JOB,),
        order=ItemOrder.STATE,
    )
    assert filters.query()["filter"] == (
        "(ItemType eq 'Job') and (State eq 'Failed' or State eq 'Cancelled')"
    )


async def test_any_spelling_of_a_failure_policy_opens_a_session(sandbox, azure):
    """Ours, the vendor's, or the word; another is refused before anything is sent."""
    async with azure() as client:
        for policy in (FailurePolicy.CONTINUE, SessionJobFailurePolicy.CONTINUE, "Continue"):
            session = await client.sessions.open("ionq.simulator", on_failure=policy)
            assert session.job_failure_policy == "Continue"
        with pytest.raises(InvalidOptionError, match="'later' is not a failure policy"):
            await client.sessions.open("ionq.simulator", on_failure="later")
    assert (await sandbox.stats())["azure"]["batches_open"] == 3
