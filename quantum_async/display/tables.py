"""Tables of jobs and devices for people; programs read the JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

_GAP = 2
"""Blanks between two columns."""
_SHORT = 19
"""Columns up to this width are never broken: a status, a number, a point in time."""


def print_table(console: Console, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows as a table on a terminal, and separated by tabs where there is none.

    On a terminal, columns that hold nothing are left out, and those that can be missed where
    there is no room for them.

    Args:
        console: Where to print.
        heads: The columns' names; one that starts with ``#`` is aligned to the right, and one
            that starts with ``~`` can be missed, the last ones first.
        rows: The cells.
    """
    cells = [list(row) for row in rows]
    if not console.is_terminal:
        lines = ["\t".join(line) for line in ([_name(head) for head in heads], *cells)]
        console.file.write("".join(f"{line}\n" for line in lines))
        return
    shown = _chosen(heads, cells, console.width)
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for column in shown:
        table.add_column(
            _name(heads[column]),
            justify="right" if "#" in heads[column] else "left",
            no_wrap=_width(heads, cells, column) <= _SHORT,
            overflow="fold",
        )
    for line in cells:
        table.add_row(*(Text(line[column]) for column in shown))
    console.print(table)


def _name(head: str) -> str:
    return head.lstrip("~#")


def _chosen(heads: Sequence[str], cells: list[list[str]], room: int) -> list[int]:
    """Return the columns that are shown."""
    chosen = [c for c in range(len(heads)) if not cells or any(line[c] for line in cells)]
    while True:
        total = sum(_width(heads, cells, column) + _GAP for column in chosen) - _GAP
        spare = [column for column in chosen if heads[column].startswith("~")]
        if total <= room or not spare:
            return chosen
        chosen.remove(spare[-1])


def _width(heads: Sequence[str], cells: list[list[str]], column: int) -> int:
    return max(cell_len(_name(heads[column])), *(cell_len(line[column]) for line in cells), 0)
