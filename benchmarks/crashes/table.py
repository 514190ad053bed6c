"""The figures as a Markdown table, put between two markers of a page."""

from __future__ import annotations

import statistics

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
COUNTS = {
    "lost": "lost",
    "unknown": "reported unknown",
    "duplicated": "duplicated",
    "left_open": "left open",
    "kills": "kills",
}
"""Columns that show every seed."""
MEDIANS = {
    "created": ("jobs", "{:.0f}"),
    "requests": ("requests", "{:.0f}"),
    "seconds": ("seconds", "{:.0f}"),
}


def row(title: list[str], trials: list[dict[str, float]]) -> str:
    """One client's line: for counts the median and, unless all are equal, every seed's."""
    cells = [*title]
    for name in COUNTS:
        values = [int(trial[name]) for trial in trials]
        median = f"**{statistics.median(values):g}**"
        every = f" ({', '.join(map(str, values))})" if len(set(values)) > 1 else ""
        cells.append(median + every)
    for name, (_, form) in MEDIANS.items():
        cells.append(form.format(statistics.median(trial[name] for trial in trials)))
    return "| " + " | ".join(cells) + " |"


def table(rows: list[dict[str, object]]) -> str:
    """Lay out rows that have ``title`` (three texts) and ``trials`` (one dictionary per seed)."""
    titles = ["service", "client", "used for", *COUNTS.values(), *(t for t, _ in MEDIANS.values())]
    marks = ["---"] * 3 + ["---:"] * (len(titles) - 3)
    lines = ["| " + " | ".join(titles) + " |", "|" + "|".join(marks) + "|"]
    return "\n".join([*lines, *(row(each["title"], each["trials"]) for each in rows)])


def replace(page: str, text: str) -> str:
    """Put a text between the markers.

    Raises:
        ValueError: The page does not have each marker once, in order.
    """
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in head + tail:
        raise ValueError("the page needs both markers once, in order")
    return f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}"
