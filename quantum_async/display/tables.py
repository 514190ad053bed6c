"""Sentences and tables on a terminal, for people; programs read the JSON."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import Console


def print_lines(console: Console, *lines: str, indent: int = 0) -> None:
    """Print lines of text.

    Args:
        console: Where to print.
        lines: What to print; one that begins with ``error:`` stands out where there is colour.
        indent: Blanks before what did not fit into the first line.
    """
    if not console.is_terminal:
        console.file.write("".join(f"{line}\n" for line in lines))
        return
    for line in lines:
        for part in _broken(line, console.width, indent):
            text = Text(part)
            if part.startswith("error:"):
                text.stylize("bold red", 0, len("error:"))
            console.print(text, soft_wrap=True)


def _broken(line: str, width: int, indent: int) -> Iterator[str]:
    parts = wrap(
        line,
        width,
        subsequent_indent=" " * indent,
        # Paths, addresses and options are copied: better a line that is too long than a wrong one.
        break_long_words=False,
        break_on_hyphens=False,
    )
    yield from parts or [""]


_GAP = 2
"""Blanks between two columns."""
_SHORT = 19
"""Cells up to this width are never broken: a status, a number, a point in time."""
_NARROW = 24
"""Sentences are not squeezed into less."""


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
    columns = _fitting(
        [_Column(h, [row[i] for row in cells]) for i, h in enumerate(heads)], console.width
    )
    is_tight = sum(column.least + _GAP for column in columns) - _GAP > console.width
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(
            column.name,
            justify="right" if "#" in column.head else "left",
            no_wrap=not column.is_spare and (not is_tight or column.width <= _SHORT),
            overflow="fold",
        )
    for line in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*map(Text, line))
    console.print(table)


@dataclass(frozen=True)
class _Column:
    head: str
    cells: list[str]

    @property
    def name(self) -> str:
        return _name(self.head)

    @property
    def is_spare(self) -> bool:
        return self.head.startswith("~")

    @property
    def width(self) -> int:
        """Columns of the terminal that it takes as it is."""
        return max(map(cell_len, [self.name, *self.cells]))

    @property
    def least(self) -> int:
        """Columns of the terminal that it needs to be read."""
        if not self.is_spare:
            return self.width
        words = [word for cell in self.cells for word in cell.split()]
        return max(min(self.width, _NARROW), *map(cell_len, [self.name, *words]))


def _name(head: str) -> str:
    return head.lstrip("~#")


def _fitting(columns: list[_Column], room: int) -> list[_Column]:
    """Return the columns that are shown: those with something in them, as far as they fit."""
    chosen = [column for column in columns if any(column.cells) or not column.cells]
    while sum(column.least + _GAP for column in chosen) - _GAP > room:
        spare = [column for column in chosen if column.is_spare]
        if not spare:
            break
        chosen.remove(spare[-1])
    return chosen
