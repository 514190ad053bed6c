"""The table of killed sweeps, docs/crashes.md."""

from __future__ import annotations

import pytest

from benchmarks.crashes.table import BEGIN, END, replace, row
from benchmarks.crashes.tally import repeated

CALM = {"lost": 0, "unknown": 0, "duplicated": 0, "left_open": 0}
CALM |= {"created": 20, "kills": 6, "requests": 80, "seconds": 1.4}


def test_a_line_hides_no_seed():
    """Seeds that differ are all shown beside their median; equal ones are not repeated."""
    trials = [{**CALM, "duplicated": count} for count in (0, 3, 1)]
    assert (
        row(["a"], trials)
        == "| a | **0** | **0** | **1** (0, 3, 1) | **0** | **6** | 20 | 80 | 1 |"
    )


def test_only_what_stands_between_the_markers_is_replaced():
    """The page around the table stays, however often the table is written."""
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    once = replace(page, "new")
    assert once == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
    assert replace(once, "new") == once


@pytest.mark.parametrize("page", ["", BEGIN, END + BEGIN, BEGIN + BEGIN + END, BEGIN + END + END])
def test_a_page_without_its_markers_is_not_written(page: str):
    """A marker that is missing, doubled or misplaced is an error, not a page without a table."""
    with pytest.raises(ValueError, match="markers"):
        replace(page, "new")


def test_jobs_beyond_the_first_are_duplicates():
    """Of three equal jobs two are too many, one that is missing makes up for none of them."""
    assert repeated([10, 11, 11, 11], {10, 11, 12}) == 2


def test_jobs_nobody_asked_for_are_an_error():
    """A job that belongs to no submission would make every count doubtful."""
    with pytest.raises(ValueError, match=r"\[9\] shots"):
        repeated([9], {10})
