from __future__ import annotations

import io
import math

import pytest
from hypothesis import given, strategies as st
from rich.console import Console

from quantum_async.display.terminal import Chart, Landscape, ticks

WAVE = Chart(
    [(i / 10, math.sin(i / 10)) for i in range(63)],
    x_label="phase",
    y_label="signal",
    curve=math.sin,
)
HILL = Landscape(
    [0.0, 0.5, 1.0],
    [10.0, 20.0],
    {(0, 0): 1.0, (1, 0): 2.0, (2, 0): 3.0, (0, 1): 4.0, (2, 1): 9.0},
    "east",
    "north",
    "height",
)


def drawn(picture: Chart | Landscape, width: int, *, colour: bool = False) -> str:
    out = io.StringIO()
    Console(
        file=out,
        width=width,
        force_terminal=colour,
        color_system="truecolor" if colour else None,
        no_color=not colour,
        _environ={},
    ).print(picture)
    return out.getvalue()


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("picture", [WAVE, HILL], ids=["chart", "landscape"])
def test_a_picture_fits_its_terminal(picture: Chart | Landscape, width: int) -> None:
    """No line of a picture is wider than the terminal."""
    lines = drawn(picture, width).splitlines()
    assert 5 < len(lines) < 30
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize("picture", [WAVE, HILL], ids=["chart", "landscape"])
def test_without_colour_nothing_but_text_is_written(picture: Chart | Landscape) -> None:
    """Where there are no colours, no escape sequence reaches the file or pipe."""
    assert "\x1b" not in drawn(picture, 80)
    assert "\x1b" in drawn(picture, 80, colour=True)


def test_a_chart_shows_each_point_where_it_is() -> None:
    """The first point of a rising line is at the lower left, the last one at the upper right."""
    text = drawn(Chart([(0, 0), (1, 1), (2, 2)], x_label="x", y_label="y", height=5), 60)
    rows = [line for line in text.splitlines() if "●" in line]
    places = [line.index("●") for line in rows]
    assert len(rows) == 3
    assert places == sorted(places, reverse=True)
    assert places[0] == 59 - 1
    assert rows[-1].lstrip().startswith("0 ┤●")


def test_a_flat_line_is_drawn() -> None:
    """Points of one and the same value, or a single point, still make a picture."""
    assert drawn(Chart([(0, 3), (1, 3)], x_label="x", y_label="y"), 60).count("●") == 2
    assert drawn(Chart([(5, 5)], x_label="x", y_label="y"), 60).count("●") == 1
    assert drawn(Chart([], x_label="x", y_label="y"), 60) == "nothing to draw\n"
    assert drawn(Landscape([], [], {}, "x", "y", "v"), 60) == "nothing to draw\n"


def test_a_landscape_marks_its_highest_point_and_its_gaps() -> None:
    """The diamond stands in the highest cell; a cell without a value shows a question mark."""
    lines = drawn(HILL, 60).splitlines()
    north, south = lines[1], lines[2]
    assert north.lstrip().startswith("20 │")
    assert south.lstrip().startswith("10 │")
    cells = north.partition("│")[2]
    assert (cells.index("?") // 6, cells.index("◆") // 6) == (1, 2)
    assert "◆" not in south


def test_shades_rise_with_the_value() -> None:
    """Without colour, a higher value is drawn in a darker shade."""
    south = drawn(HILL, 60).splitlines()[2].partition("│")[2]
    shades = [" ·░▒▓█".index(south[6 * column]) for column in range(3)]
    assert shades == sorted(shades)
    assert shades[0] < shades[2]


@given(
    st.floats(-1e6, 1e6),
    st.floats(1e-6, 1e6),
    st.integers(2, 20),
)
def test_ticks_are_few_ascending_and_inside(low: float, span: float, most: int) -> None:
    """Ticks lie between the limits, ascend, and are no more than asked for."""
    high = low + span
    if high == low:
        return
    found = ticks(low, high, most)
    slack = (high - low) * 1e-6
    assert len(found) <= most
    assert found == sorted(set(found))
    assert all(low - slack <= tick <= high + slack for tick in found)
