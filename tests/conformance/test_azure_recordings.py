"""Recorded traffic of the real service, replayed against our client.

    python -m pytest tests/conformance/test_azure_recordings.py --recordings DIR

DIR holds cassettes of VCR.py (``*.yaml``), as the vendor's own tests recorded them. What a
recording does is told by its requests alone: each is made again by the operation of ours that
stands for it, and must be the same in meaning; each answer must be understood as it was meant.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from quantum_async.errors import NotSentError, RateLimitedError, ResultError, ServerError
from quantum_async.http.options import SessionOptions
from quantum_async.http.retry import RetryPolicy
from quantum_async.models.batch import BatchRef
from quantum_async.models.job import JobRef, JobStatus
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.models.submission import JobSpec, SubmitRequest
from quantum_async.providers.azure.client import AzureClient
from quantum_async.providers.azure.options import AzureOptions
from tests.conformance.azure_cassettes import Player, load
from tests.conformance.azure_meaning import counts_of, shares_of, told
from tests.conformance.azure_replay import Replay, uuid_of

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "recordings" / "azure"
PROGRAMS = {
    "ionq.circuit.v1": ProgramFormat.IONQ,
    "honeywell.openqasm.v1": ProgramFormat.QUANTINUUM,
    "rigetti.quil.v1": ProgramFormat.QUIL,
    "qir.v1": ProgramFormat.QIR,
}
PASSING = {408, 429, 500, 502, 503, 504}
FINISHED = {"Succeeded", "Completed", "Failed", "Cancelled"}


def recordings(config: pytest.Config) -> list[Path]:
    """The cassettes of the folder that was named, else those beside the repository."""
    named = config.getoption("--recordings", None) or os.environ.get("QUANTUM_ASYNC_RECORDINGS")
    folder = Path(named) if named else SHARED
    return sorted([*folder.rglob("*.yaml"), *folder.rglob("*.yml")]) if folder.is_dir() else []


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test once per cassette."""
    if "cassette" in metafunc.fixturenames:
        found = recordings(metafunc.config)
        reason = pytest.mark.skip(reason="no recordings: name a folder with --recordings")
        given = found or [pytest.param(None, marks=reason)]
        metafunc.parametrize("cassette", given, ids=lambda path: path.stem if path else "none")


def exchanges_of(cassette: Path):
    """A cassette's exchanges; a service before 2022 spoke otherwise."""
    found = load(cassette)
    if any(e.is_service and e.path.startswith("/v1.0/") for e in found):
        pytest.skip("recorded with v1.0, which the service does not speak any more")
    return found


async def test_every_request_is_made_again_and_every_answer_understood(cassette):
    """Walked from the first request to the last, requests and values are those recorded."""
    replay = Replay(exchanges_of(cassette))
    await replay.run()
    assert replay.operations or not replay.exchanges


def jobs_in(exchanges):
    """What was created: the request's document, the input, and what became of it."""
    for created in exchanges:
        if created.method != "PUT" or "/jobs/" not in created.path or created.status >= 400:
            continue
        document = created.document
        end = document["inputDataUri"].partition("?")[0].partition(".windows.net")[2]
        end = end.removeprefix(":443")
        upload = next(
            (e for e in exchanges if e.method == "PUT" and e.is_storage and e.path == end), None
        )
        if upload is not None:
            yield created, upload


def program_of(document: dict, content: bytes) -> tuple[Program, dict] | None:
    """The program that a recorded input is, and the values of its variables."""
    given = document["inputDataFormat"]
    if not document["target"].lower().startswith(document["providerId"].lower() + "."):
        return None  # a target of tests alone
    if given == "qir.v1" and document.get("outputDataFormat") != "microsoft.quantum-results.v2":
        return None  # wanted in a format of yesterday
    params = document.get("inputParams") or {}
    if given == "pasqal.pulser.v1":
        text = json.loads(content)["sequence_builder"]
        if not json.loads(text).get("measurement"):
            return None
        return Program(text, ProgramFormat.PULSER, document["name"]), params.get("variables") or {}
    if given in PROGRAMS:
        payload = content if given == "qir.v1" else content.decode()
        return Program(payload, PROGRAMS[given], document["name"]), {}
    return None


async def test_each_recorded_job_runs_through_the_contract(cassette):
    """Submit, poll and fetch, as a scheduler does, bring the recorded input out and the result in."""
    exchanges = exchanges_of(cassette)
    found = list(jobs_in(exchanges))
    if not found:
        pytest.skip("creates no job")
    for created, upload in found:
        await through_the_contract(exchanges, created, upload)


async def through_the_contract(exchanges, created, upload) -> None:
    """Take one recorded job from submission to result."""
    job_id, document = created.path.rpartition("/")[2], created.document
    player = Player(exchanges)
    # Reads may repeat themselves as they do in life, but wait for nothing.
    retry = RetryPolicy(attempts=5, first=0.0)
    options = SessionOptions(transport=httpx.MockTransport(player), retry=retry, sleep=no_sleep)
    parts = created.path.split("/")
    client = AzureClient(
        subscription_id=parts[2],
        resource_group=parts[4],
        name=parts[8],
        endpoint=f"https://{created.host}",
        credential="PLACEHOLDER",
        options=options,
        api_version=created.query["api-version"],
    )
    async with client:
        ref = JobRef("azure", job_id, document["target"])
        read = program_of(document, upload.body) if uuid_of(job_id) else None
        if read is not None:
            [ref] = await submitted(
                client, request_of(job_id, document, upload.body, *read), exchanges
            )
            assert ref.id == job_id
            same_submission(player, document, upload, job_id)
        state = await last_state(client, ref, exchanges)
        if state is not None:
            await same_result(client, ref, state, exchanges)


async def submitted(client, request: SubmitRequest, exchanges):
    """Submit as often as was recorded: after a failure of the service, a scheduler does it again."""
    failures = [e for e in exchanges if e.method == "PUT" and e.status in PASSING]
    for _ in failures:
        with suppress(ServerError, RateLimitedError, NotSentError):
            return await client.submit(request)
    return await client.submit(request)


async def no_sleep(_: float) -> None:
    """Wait for nothing."""


def request_of(
    job_id: str, document: dict, content: bytes, program: Program, variables: dict
) -> SubmitRequest:
    """The submission whose key gives the recorded id."""
    params = document.get("inputParams") or {}
    shots = params.get("shots", params.get("count", 100)) or 100
    key = UUID(job_id).hex
    emulation = None
    if program.format is ProgramFormat.PULSER:
        emulation = json.loads(content).get("emulation_config")
    options = AzureOptions(
        emulation=emulation,
        name=document["name"],
        tags=tuple(document.get("tags") or ()),
        priority=document.get("priority"),
    )
    spec = JobSpec(key, program, shots, variables, options)
    session = document.get("sessionId")
    batch = BatchRef("azure", session, document["target"]) if session else None
    return SubmitRequest(key, document["target"], (spec,), batch)


def same_submission(player: Player, document: dict, upload, job_id: str) -> None:
    """What was sent is what was recorded, but for what only newer clients say."""
    sent = player.last("PUT", upload.path)
    ours, theirs = sent.content, upload.body
    if document["inputDataFormat"] == "pasqal.pulser.v1":
        ours, theirs = json.loads(ours), json.loads(theirs)
        theirs = {name: value for name, value in theirs.items() if value}
    assert ours == theirs
    wanted = told(json.loads(player.last("PUT", f"/jobs/{job_id}").content))
    recorded = told(document)
    params, given = wanted.pop("inputParams"), recorded.pop("inputParams")
    assert params["shots"] == (given.get("shots") or 100)
    # What further parameters were given is the caller's affair; ours adds a session's mark only.
    assert set(params) - set(given) <= {"shots", "open_batch", "items"}
    shared = (set(params) & set(given)) - {"items"}
    assert {name: params[name] for name in shared} == {name: given[name] for name in shared}
    for document_ in (wanted, recorded):
        document_.pop("metadata", None)
    assert wanted == recorded


async def last_state(client, ref, exchanges):
    """Poll as often as was recorded."""
    asked = [e for e in exchanges if e.method == "GET" and e.path.endswith(f"/jobs/{ref.id}")]
    state = None
    for exchange in asked:
        if exchange.status in PASSING:
            continue  # the read repeats itself
        if exchange.status >= 400:
            # Deleted meanwhile: what nobody knows is missing.
            assert await client.poll([ref]) == {}
            return None
        state = (await client.poll([ref]))[ref]
        assert state.reported == exchange.answer["status"]
        assert state.status.is_terminal == (state.reported in FINISHED)
    return state


async def same_result(client, ref, state, exchanges) -> None:
    """What is fetched is what the recorded output says."""
    last = next(e for e in reversed(exchanges) if e.path.endswith(f"/jobs/{ref.id}"))
    if state.status is JobStatus.FAILED:
        assert last.answer["errorData"]["code"] in state.message
        return
    output = next(
        (
            e
            for e in exchanges
            if e.method == "GET"
            and e.is_storage
            and e.path.lower().endswith("outputdata")
            and f"job-{ref.id}/" in e.path
        ),
        None,
    )
    if output is None or state.status is not JobStatus.SUCCEEDED:
        return
    assert (await client.jobs.output(ref.id)).content == output.content
    try:
        counts, shares = (
            counts_of(output.content, last.answer),
            shares_of(output.content, last.answer),
        )
    except ValueError:
        counts = shares = None
    try:
        result = await client.fetch(ref)
    except ResultError:
        assert (counts, shares) == (None, None)
        return
    if counts is not None:
        assert dict(result.counts) == counts
    if shares is not None:
        assert sum(result.counts.values()) == result.shots
        for outcome, share in shares.items():
            seen = result.probabilities.get(outcome, 0.0)
            assert seen == pytest.approx(share, abs=1 / max(result.shots, 1))
