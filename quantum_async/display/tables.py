"""Tables of jobs and devices for people; programs read the JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console


def print_table(console: Console, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows as a table on a terminal, and separated by tabs where there is none.

    Args:
        console: Where to print.
        heads: The columns' names; one that starts with ``#`` is aligned to the right.
        rows: The cells.
    """
    names = [head.removeprefix("#") for head in heads]
    if not console.is_terminal:
        lines = ["\t".join(cells) for cells in (names, *rows)]
        console.file.write("".join(f"{line}\n" for line in lines))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head, name in zip(heads, names, strict=True):
        table.add_column(name, justify="right" if head.startswith("#") else "left", overflow="fold")
    for cells in rows:
        table.add_row(*map(Text, cells))
    console.print(table)
