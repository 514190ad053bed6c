"""Sentences on a terminal, broken between words; elsewhere one line each, as it is."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

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
