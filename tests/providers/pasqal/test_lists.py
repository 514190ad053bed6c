"""Filters and pages."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import anyio
import pytest
from hypothesis import given, strategies as st

from quantum_async.errors import InvalidInputError, InvalidOptionError, ProtocolError
from quantum_async.providers.pasqal.filters import (
    BatchFilters,
    CancelFilters,
    JobFilters,
    RebatchFilters,
)
from quantum_async.providers.pasqal.pages import Page, PageOf, every
from quantum_async.providers.pasqal.wire import PasqalJob, PasqalJobStatus
from tests.providers.pasqal.service import canned, data, page

ASKED = [word for word in PasqalJobStatus if word is not PasqalJobStatus.UNKNOWN]
IDS = st.lists(st.uuids().map(str), min_size=1, max_size=3)


@given(
    st.one_of(st.none(), IDS, st.uuids()),
    st.one_of(st.none(), st.lists(st.sampled_from(ASKED), min_size=1, unique=True)),
    st.one_of(st.none(), st.booleans()),
    st.one_of(st.none(), st.integers(0, 9)),
)
def test_only_what_is_set_is_sent(ids, status, errors, runs):
    """None is no condition; one value and several are written alike."""
    query = JobFilters(id=ids, status=status, errors=errors, min_runs=runs).query()
    given = {"id": ids, "status": status, "errors": errors, "min_runs": runs}
    assert set(query) == {name for name, value in given.items() if value is not None}
    if errors is not None:
        assert query["errors"] == str(errors)
    if status is not None:
        assert query["status"] == [str(word) for word in status]


def test_dates_are_written_as_given():
    """With an offset where they have one."""
    filters = BatchFilters(start_date=datetime(2026, 1, 2, 3, tzinfo=UTC))
    assert filters.query() == {"start_date": "2026-01-02T03:00:00+00:00"}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (BatchFilters, {"id": "not-a-uuid"}),
        (BatchFilters, {"project_id": ["x"]}),
        (JobFilters, {"batch_id": "x"}),
        (Page, {"offset": -1}),
        (Page, {"limit": 0}),
        (Page, {"limit": 101}),
    ],
)
def test_what_no_service_understands_is_refused(kind, fields):
    """Ids that are none and pages out of bounds never leave."""
    with pytest.raises(InvalidOptionError):
        kind(**fields)


async def test_an_empty_list_selects_nothing_and_sends_nothing(service, pasqal):
    """Neither everything is listed, nor everything cancelled, nor everything run again."""
    assert (await pasqal.jobs.page(JobFilters(id=[]))).items == ()
    assert [b async for b in pasqal.batches.list(BatchFilters(status=[]))] == []
    assert (await pasqal.batches.cancel_jobs(canned.BATCH_ID, CancelFilters(id=[]))).jobs == ()
    assert (await pasqal.batches.cancel_many([])).batches == ()
    with pytest.raises(InvalidInputError):
        await pasqal.batches.rebatch(canned.BATCH_ID, RebatchFilters(id=()))
    assert service.requests == []


class Listing:
    """A list whose pages a test can spoil."""

    def __init__(self, length, per_page, *, says_total=True, says_end=True):
        self.items = [PasqalJob(id=str(number)) for number in range(length)]
        self.per_page = per_page
        self.says_total, self.says_end = says_total, says_end
        self.asked = []

    async def __call__(self, page):
        self.asked.append(page.offset)
        found = tuple(self.items[page.offset : page.offset + min(page.limit, self.per_page)])
        return PageOf(
            found,
            page.offset,
            len(self.items) if self.says_total else None,
            page.offset + len(found) if self.says_end else None,
        )


@given(st.integers(0, 25), st.integers(1, 7), st.booleans(), st.booleans())
def test_every_item_comes_once_and_in_order(length, per_page, says_total, says_end):
    """However the service cuts its list, and whatever it leaves out of the pagination."""
    listing = Listing(length, per_page, says_total=says_total, says_end=says_end)

    async def collect():
        return [item.id async for item in every(listing, limit=per_page)]

    assert anyio.run(collect) == [str(number) for number in range(length)]


async def test_what_shifts_between_pages_comes_once():
    """New items push old ones onto the next page; they are not handed out again."""
    pages = [PageOf(tuple(PasqalJob(id=i) for i in "abc"), 0, 5, 3)]
    pages += [PageOf(tuple(PasqalJob(id=i) for i in "cd"), 3, 5, 5)]

    async def fetch(_):
        return pages.pop(0)

    assert [item.id async for item in every(fetch)] == list("abcd")


@pytest.mark.parametrize("end", [0, -1])
async def test_an_end_that_does_not_advance_is_an_error(service, pasqal, end):
    """The vendor's client asks for the same page for ever."""
    service.always("GET", "/jobs", page([canned.job()], 5, end))
    with pytest.raises(ProtocolError, match="does not go on"):
        [job async for job in pasqal.jobs.list()]


async def test_a_total_that_shrinks_ends_the_list(service, pasqal):
    """Items that vanish meanwhile are no reason to ask on."""
    jobs = [canned.job(str(uuid4())) for _ in range(3)]
    service.then("GET", "/jobs", page(jobs[:2], 4, 2), page(jobs[2:], 2, 3))
    assert len([job async for job in pasqal.jobs.list()]) == 3


async def test_a_page_says_how_many_there_are(service, pasqal):
    """The total is there without reading everything; without pagination it is not known."""
    service.then("GET", "/jobs", page([canned.job()], 250, 1), data([canned.job()]))
    assert (await pasqal.jobs.page(page=Page(limit=1))).total == 250
    assert (await pasqal.jobs.page(page=Page(limit=1))).total is None
