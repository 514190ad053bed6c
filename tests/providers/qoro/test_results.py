"""Rows of results: page by page, several at a time, and what is no result."""

from __future__ import annotations

import base64

import httpx
import pytest

from quantum_async.errors import (
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    ResultError,
    ServerError,
)
from quantum_async.models.job import JobRef, JobStatus
from quantum_async.providers.qoro.translate.results import decode_histogram
from tests.providers.qoro.service import JOB
from tests.providers.qoro.test_client import row

RESULTS = "/resultsV2/"


def refs(*places):
    """References to circuits of one job."""
    return [JobRef("qoro", JOB, "qoro_maestro", index=place) for place in places]


async def test_many_circuits_of_a_job_are_fetched_together(service, qoro):
    """Two pages for 150 circuits; what is damaged or alone is left to a fetch of its own."""
    service.rows = [row(str(n), {"01": n + 1}) for n in range(150)]
    service.rows[7]["results"]["payload"] = "UUgx"
    wanted = refs(*range(150))
    alone = JobRef("qoro", "other", "qoro_maestro")
    missing = refs(999)
    found = await qoro.fetch_many([*wanted, alone, *missing])
    assert set(found) == set(wanted) - {wanted[7]}
    assert found[wanted[149]].counts == {"01": 150}
    assert len(service.asked("GET", RESULTS)) == 2
    with pytest.raises(ResultError, match="damaged"):
        await qoro.fetch(wanted[7])
    with pytest.raises(ResultError, match="no result of circuit 999"):
        await qoro.fetch(missing[0])


async def test_a_service_that_does_not_count_its_rows_is_followed_to_the_end(service, qoro):
    """Page after page, as long as there is a next one."""
    for start, more in ((0, "x"), (100, "x"), (200, None)):
        rows = [row(str(start + n), {"1": 1}, 1) for n in range(100)]
        page = {"next": more, "results": rows}
        service.then("GET", RESULTS, httpx.Response(200, json=page))
    assert len(await qoro.jobs.rows(JOB)) == 300


async def test_a_page_that_is_refused_ends_the_others(service, qoro):
    """The error is the service's own, and not a group of them."""
    service.rows = [row(str(n), {"1": 1}, 1) for n in range(500)]
    refused = httpx.Response(403, json={"detail": "not yours"})
    service.then("GET", RESULTS, service._page, refused)
    with pytest.raises(PermissionDeniedError, match="not yours"):
        await qoro.jobs.rows(JOB)


async def test_a_pause_that_is_asked_for_is_not_taken_for_a_missing_result(service, qoro):
    """429 stays 429."""
    limited = httpx.Response(429, headers={"Retry-After": "0"})
    service.then("GET", RESULTS, *[limited] * 3)
    with pytest.raises(RateLimitedError):
        await qoro.jobs.rows(JOB)


async def test_values_and_counts_are_not_taken_for_each_other(service, qoro):
    """Expectation values by label; asking for counts of them is an error that says so."""
    service.rows = [{"label": "a", "results": {"ZI": -1, "IZ": 0.5}}, row("b", {"1": 2}, 1)]
    assert await qoro.jobs.expectation_values(JOB) == {"a": {"ZI": -1.0, "IZ": 0.5}}
    with pytest.raises(ResultError, match="'a' has no counts"):
        await qoro.jobs.counts(JOB)
    service.rows = [{"label": "0", "results": {"ZI": -1, "IZ": 0.5}}]
    found = await qoro.fetch(refs(0)[0])
    assert {name: value.value for name, value in found.expectation_values.items()} == {
        "IZ": -1.0,
        "ZI": 0.5,
    }


async def test_an_empty_or_unexplained_result_is_none(service, qoro):
    """No row is made up, and bits that no register explains are not cut anyhow."""
    service.rows = [{"label": "0", "results": None}]
    with pytest.raises(ResultError, match="empty result"):
        await qoro.fetch(refs(0)[0])
    for label in ("0;a:1,b:1", "0;a:one", "0;a"):
        service.rows = [row(label, {"111": 3}, 3)]
        with pytest.raises(ResultError, match="3 bits, which its registers do not explain"):
            await qoro.fetch(refs(0)[0])


async def test_polls_answer_for_what_is_known(service, qoro):
    """A job that is gone is missing; a failure counts only where nothing else is known."""
    gone = httpx.Response(404, json={"detail": "No Job matches the given query."})
    service.then("GET", "/job/gone/status/", gone)
    service.then("GET", "/job/down/status/", *[httpx.Response(503)] * 6)
    job, lost, down = (JobRef("qoro", name) for name in (JOB, "gone", "down"))
    states = await qoro.poll([job, lost, down])
    assert {ref: state.status for ref, state in states.items()} == {job: JobStatus.SUCCEEDED}
    with pytest.raises(ServerError):
        await qoro.poll([down])


async def test_cancelling_tells_what_it_could_not_do(service, qoro):
    """By job, a pause that the service asks for included: making it is the scheduler's."""
    forbidden = httpx.Response(403, json={"detail": "not yours"})
    service.then("POST", "/job/theirs/cancel/", forbidden)
    theirs, ours = JobRef("qoro", "theirs"), JobRef("qoro", JOB)
    refused = await qoro.cancel([theirs, ours])
    assert list(refused) == [theirs]
    assert isinstance(refused[theirs], PermissionDeniedError)
    service.then("POST", "/cancel/", *[httpx.Response(429, headers={"Retry-After": "0"})] * 3)
    assert isinstance((await qoro.cancel([ours]))[ours], RateLimitedError)
    conflict = httpx.Response(409, json={"error": "ended"})
    service.then("POST", "/cancel/", conflict)
    with pytest.raises(ConflictError):
        await qoro.jobs.cancel(JOB)


async def test_a_job_that_does_not_exist_has_no_configuration(service, qoro):
    """A 404 about the job is not taken for one about its configuration."""
    gone = httpx.Response(404, json={"detail": "No Job matches the given query."})
    service.then("GET", "/execution_config/", gone)
    with pytest.raises(NotFoundError):
        await qoro.jobs.config(JOB)


def packed(*numbers: int, magic: bytes = b"QH1") -> str:
    """A histogram of bytes that somebody chose."""
    return base64.b64encode(magic + bytes(numbers)).decode()


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ("not base 64!", "not base 64"),
        (packed(2, magic=b"QH3"), "begins with"),
        (packed(3, 1, 1, 1, 0), "breaks off"),
        # width, distinct, shots, gaps, gap..., bytes of runs, runs, first, lengths, others...
        (packed(2, 1, 1, 1, 0, 3, 1, 1, 1, 0), ""),
        (packed(2, 1, 1, 1, 0, 3, 1, 1, 1, 0, 9), "something follows"),
        (packed(2, 2, 1, 1, 0, 3, 1, 1, 1, 0), "sums"),
        (packed(2, 1, 2, 1, 0, 3, 1, 1, 1, 0), "sums"),
        (packed(2, 1, 1, 1, 4, 3, 1, 1, 1, 0), "too large or comes twice"),
        (packed(2, 2, 2, 2, 1, 0, 3, 1, 1, 2, 0), "too large or comes twice"),
        (packed(2, 1, 1, 1, 0, 3, 1, 1, 2, 0), "longer than its outcomes"),
        (packed(2, 1, 1, 1, 0, 4, 1, 1, 1, 0), "do not end where they should"),
        (packed(2, 1, 2, 1, 0, 3, 1, 1, 1, 1, 0), "as many as its outcomes"),
        (packed(2, 1, 1, 1, 0, 0, 0), "as many as its outcomes"),
        (packed(2, 1, 1, 99, 0, 0, 0), "breaks off"),
        (packed(0xFF, 0xFF, 0xFF, 0x7F, 1, 1, magic=b"QH2"), "bits"),
    ],
)
def test_a_damaged_histogram_is_refused_for_what_is_wrong_with_it(payload, words):
    """Nothing that contradicts itself is read as counts."""
    encoding = "qh2" if base64.b64encode(b"QH2").decode()[:4] == payload[:4] else "qh1"
    if not words:
        assert decode_histogram(encoding, payload) == {"00": 1}
        return
    with pytest.raises(ResultError, match=words):
        decode_histogram(encoding, payload)


def test_a_number_that_never_ends_is_refused():
    """A corrupt histogram costs no time without a limit."""
    endless = base64.b64encode(b"QH1" + b"\x02" + b"\xff" * 200_000).decode()
    with pytest.raises(ResultError, match="does not end"):
        decode_histogram("qh1", endless)


def test_outcomes_must_have_the_width_that_the_row_says():
    """The envelope and the histogram agree, or neither is believed."""
    payload = packed(2, 1, 1, 1, 0, 3, 1, 1, 1, 0)
    with pytest.raises(ResultError, match="2 bits instead of 3"):
        decode_histogram("qh1", payload, 3)


@pytest.mark.parametrize("value", ["-1", None, True, {"real": 1}])
async def test_a_value_that_is_no_number_is_quoted(service, qoro, value):
    """It is neither left out nor taken for zero."""
    service.rows = [{"label": "0", "results": {"ZI": value, "IZ": 0.5}}]
    with pytest.raises(ResultError) as caught:
        await qoro.jobs.expectation_values(JOB)
    assert repr(value) in str(caught.value)
    with pytest.raises(ResultError) as caught:
        await qoro.fetch(refs(0)[0])
    assert repr(value) in str(caught.value)


async def test_an_empty_histogram_is_no_result(service, qoro):
    """A circuit that was measured has outcomes."""
    service.rows = [
        {"label": "0", "results": {"encoding": "qh1", "payload": "", "n_bits": 2}},
    ]
    with pytest.raises(ResultError, match="empty result"):
        await qoro.fetch(refs(0)[0])


async def test_rows_of_one_label_are_told_apart_by_nobody(service, qoro):
    """Neither of them is taken for the circuit's."""
    service.rows = [row("0;a:1", {"1": 2}, 1), row("0;b:1", {"0": 2}, 1)]
    with pytest.raises(ResultError, match="two results are labelled '0;b:1'"):
        await qoro.fetch(refs(0)[0])
    assert await qoro.fetch_many(refs(0, 1)) == {}
    service.rows = [row("a", {"1": 2}, 1), row("a", {"0": 2}, 1)]
    with pytest.raises(ResultError, match="two results are labelled 'a'"):
        await qoro.jobs.counts(JOB)
