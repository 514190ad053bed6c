"""The table doors x promises is complete, its tests exist, and the documentation shows it."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.doors.doors import DOORS
from tests.doors.table import BEGIN, END, MOST_REASONS, PROMISES, TABLE, is_test, markdown

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "doors.md"
PROMISED = Path(__file__).with_name("test_promises.py")


def promised() -> set[str]:
    """Name the tests of promises that take a door."""
    return {
        node.name
        for node in ast.parse(PROMISED.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if node.name.startswith("test_") and "door" in {each.arg for each in node.args.args}
    }


def test_every_cell_has_a_test_or_a_reason() -> None:
    """Every door has a cell for every promise, and a test that a cell names exists and is named."""
    assert TABLE.keys() == DOORS.keys()
    assert all(cells.keys() == PROMISES.keys() for cells in TABLE.values())
    named = {cell for cells in TABLE.values() for cell in cells.values() if is_test(cell)}
    assert named == promised()


def test_there_are_few_reasons() -> None:
    """Where a promise has no test at a door, that door has no such notion."""
    reasons = [cell for cells in TABLE.values() for cell in cells.values() if not is_test(cell)]
    assert len(reasons) <= MOST_REASONS
    assert all(reason.strip() for reason in reasons)


def test_every_door_is_tried_where_a_job_can_be_looked_up() -> None:
    """Azure and Pasqal can say whether a job exists; Divi alone leads to no service that can."""
    knowing = {name for name, door in DOORS.items() if {"azure", "pasqal"} & {*door.providers}}
    assert DOORS.keys() - knowing == {"Divi's runner"}


def test_the_documentation_shows_the_table() -> None:
    """What stands between the page's marks is what the table says."""
    page = PAGE.read_text(encoding="utf-8")
    shown = page.partition(BEGIN)[2].partition(END)[0].strip()
    assert shown == markdown()
