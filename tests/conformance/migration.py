"""The migration pages, read with the standard library alone: a vendor's code, and its names."""

from __future__ import annotations

import re
from pathlib import Path

PAGES = Path(__file__).parents[2] / "docs" / "migrating"
BLOCK = re.compile(r'^```python title="([^"]*)"\n(.*?)^```$', re.DOTALL | re.MULTILINE)
NAME = re.compile(r"`(\w+)")


def run(page: str, *titles: str) -> dict[str, object]:
    """Run a vendor's blocks of a page, in order, in one namespace.

    Args:
        page: The page's name.
        *titles: How the titles of its blocks begin; those for both sides run as well.
    """
    namespace: dict[str, object] = {"__name__": "__main__"}
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    blocks = [code for title, code in BLOCK.findall(text) if title.startswith((*titles, "both"))]
    assert blocks, f"{page} has no blocks of {titles}"
    for code in blocks:
        exec(compile(code, f"{page}.md", "exec"), namespace)
    return namespace


def named(page: str, heading: str) -> set[str]:
    """List the names in the first column of the table under a heading."""
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    section = text.partition(f"### {heading}\n")[2].partition("\n### ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    assert rows, f"{page} has no table of {heading}"
    return {name for cell in rows for name in NAME.findall(cell)}


def public(*classes: type, without: tuple[type, ...] = ()) -> set[str]:
    """List the public operations of a vendor's classes.

    Args:
        *classes: The classes.
        without: What they inherit from these does not count.
    """
    inherited = {name for base in without for name in dir(base)}
    found = {name for cls in classes for name in dir(cls)}
    return {name for name in found - inherited if not name.startswith("_")}
