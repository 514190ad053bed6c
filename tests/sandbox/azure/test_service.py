"""The Azure face by plain HTTP: what the service says where the vendor's client does not show it."""

from __future__ import annotations

import json

import pytest

SUBSCRIPTION = "00000000-0000-4000-8000-000000000002"
WORKSPACE = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/sandbox/providers/Microsoft.Quantum"
    "/workspaces/sandbox"
)
JOB = "11111111-0000-4000-8000-000000000001"
VERSION = "?api-version=2026-01-15-preview"


@pytest.fixture
def azure(blocking_sandbox, wire_to):
    """A wire to the Azure service."""
    return wire_to(blocking_sandbox.url("azure"))


def at(path: str) -> str:
    return f"{WORKSPACE}{path}{VERSION}"


def document(**changes):
    body = {
        "name": "a job",
        "providerId": "Microsoft.Test.FirstParty",
        "target": "echo-output",
        "containerUri": f"http://127.0.0.1/job-{JOB}?sig=x",
        "inputDataUri": f"http://127.0.0.1/job-{JOB}/inputData",
        "inputDataFormat": "microsoft.quantum-log.v1",
        "outputDataFormat": "microsoft.quantum-log.v1",
        "inputParams": {},
        "metadata": {"n": 4, "b": True},
    }
    return {**body, **changes}


def stored(azure) -> str:
    """The signed address of a container that holds an input."""
    container = azure.ask("POST", at("/storage/sasUri"), {"containerName": f"job-{JOB}"})
    uri = container.json["sasUri"]
    host, _, query = uri.partition("?")
    path = "/" + host.partition("://")[2].partition("/")[2]
    put = azure.ask("PUT", f"{path}/inputData?{query}", b"hello", token=None)
    assert put.status == 201
    return f"{path}?{query}"


def test_a_job_is_created_once_however_often_it_is_put(azure, blocking_sandbox):
    """The same body again is the same job; another one is a conflict."""
    stored(azure)
    assert [azure.ask("PUT", at(f"/jobs/{JOB}"), document()).status for _ in range(2)] == [200, 200]
    assert azure.ask("PUT", at(f"/jobs/{JOB}"), document(name="other")).status == 409
    stats = blocking_sandbox.stats()["azure"]
    assert (stats["jobs_created"], stats["duplicates"]) == (1, 1)


def test_addresses_are_signed_only_where_one_job_is_looked_up(azure):
    """Not in the answer to a PUT, nor in a list."""
    stored(azure)
    made = azure.ask("PUT", at(f"/jobs/{JOB}"), document()).json
    [listed] = azure.ask("GET", at("/jobs")).json["value"]
    got = azure.ask("GET", at(f"/jobs/{JOB}")).json
    signed = ["sig=" in found["outputDataUri"] for found in (made, listed, got)]
    assert signed == [False, False, True]


def test_values_are_stored_as_the_service_stores_them(azure):
    """Providers in lower case, metadata as words."""
    stored(azure)
    made = azure.ask("PUT", at(f"/jobs/{JOB}"), document()).json
    assert made["providerId"] == "microsoft.test.firstparty"
    assert made["metadata"] == {"n": "4", "b": "true"}


def test_paths_do_not_regard_capitals_and_verbs_may_be_encoded(azure):
    """As the service takes them."""
    stored(azure)
    azure.ask("PUT", at(f"/jobs/{JOB}"), document())
    path = at(f"/jobs/{JOB}").replace("workspaces", "Workspaces").replace("resourceGroups", "RG")
    assert azure.ask("GET", path.replace("RG", "resourcegroups")).status == 200
    assert azure.ask("POST", at(f"/jobs/{JOB}%3Acancel")).status in {204, 409}


def test_the_storage_refuses_as_the_storage_does(azure):
    """XML with a code: no signature, a blob that is there, none that is there."""
    signed = stored(azure)
    path, _, query = signed.partition("?")
    plain = azure.ask("GET", f"{path}/inputData", token=None)
    assert (plain.status, plain.headers["x-ms-error-code"]) == (403, "AuthenticationFailed")
    again = azure.ask(
        "PUT", f"{path}/inputData?{query}", b"x", token=None, **{"If-None-Match": "*"}
    )
    assert (again.status, again.headers["x-ms-error-code"]) == (409, "BlobAlreadyExists")
    assert b"<Code>BlobAlreadyExists</Code>" in again.body
    missing = azure.ask("GET", f"{path}/nothing?{query}", token=None)
    assert (missing.status, missing.headers["x-ms-error-code"]) == (404, "BlobNotFound")


def test_blobs_are_served_in_ranges_and_made_of_blocks(azure):
    """206 with its range, 416 beyond the end, and a list of blocks."""
    path, _, query = stored(azure).partition("?")
    part = azure.ask("GET", f"{path}/inputData?{query}", token=None, **{"x-ms-range": "bytes=1-2"})
    assert (part.status, part.body, part.headers["content-range"]) == (206, b"el", "bytes 1-2/5")
    beyond = azure.ask("GET", f"{path}/inputData?{query}", token=None, Range="bytes=9-")
    assert beyond.status == 416
    for block, text in (("a", b"one"), ("b", b"two")):
        azure.ask("PUT", f"{path}/big?comp=block&blockid={block}&{query}", text, token=None)
    listing = b"<BlockList><Latest>a</Latest><Latest>b</Latest></BlockList>"
    assert azure.ask("PUT", f"{path}/big?comp=blocklist&{query}", listing, token=None).status == 201
    assert azure.ask("GET", f"{path}/big?{query}", token=None).body == b"onetwo"


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (f"{WORKSPACE}/jobs", {}, 400),
        (at("/jobs") + "&filter=Colour%20eq%20%27red%27", {}, 400),
        (at("/jobs") + "&orderby=Colour", {}, 400),
        (at("/jobs/none"), {}, 404),
        (at("/quotaUsages"), {}, 400),
        (at("/nowhere"), {}, 404),
    ],
)
def test_refusals_have_a_code_and_a_message(azure, path, headers, status):
    """In the shape of OData."""
    answer = azure.ask("GET", path, **headers)
    assert answer.status == status
    assert set(json.loads(answer.body)["error"]) == {"code", "message"}


def test_bad_credentials_get_no_body(azure):
    """401 and a header, as the service does it."""
    answer = azure.ask("GET", at("/jobs"), token="invalid")
    assert (answer.status, answer.body) == (401, b"")
    assert "invalid_token" in answer.headers["www-authenticate"]


def test_the_management_and_the_login_answer(azure):
    """Look-up by id and by name, and a token for whoever asks."""
    found = azure.ask("GET", f"{WORKSPACE}?api-version=2025-12-15-preview").json
    assert found["properties"]["endpointUri"].startswith("http://127.0.0.")
    graph = "/providers/Microsoft.ResourceGraph/resources?api-version=2021-03-01"
    for name, rows in (("sandbox", 1), ("other", 0)):
        asked = {"query": f"Resources | where name =~ '{name}'"}
        assert azure.ask("POST", graph, asked).json["totalRecords"] == rows
    token = azure.ask("POST", "/any/oauth2/v2.0/token", b"x=1", token=None).json
    assert token["token_type"] == "Bearer"
