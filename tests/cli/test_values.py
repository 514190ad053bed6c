from __future__ import annotations

import json
import math
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

import quantum_async as qa
from quantum_async.cli.running import parse_options, parse_points, parse_values
from quantum_async.errors import InvalidInputError, InvalidOptionError
from quantum_async.simulation.options import SimulationOptions


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a=1:10:4", (1, 4, 7, 10)),
        ("a=100:50:3", (100, 75, 50)),
        ("a=0:1:3", (0.0, 0.5, 1.0)),
        ("a=5:9:1", (5,)),
        ("a=0.1,0.2", (0.1, 0.2)),
        ("a= 1 , 2 ", (1, 2)),
        ("a=pi", (math.pi,)),
        ("a=-pi/2,2pi,1.5*pi", (-math.pi / 2, 2 * math.pi, 1.5 * math.pi)),
        ("a=[1,2],[3,4]", ((1, 2), (3, 4))),
        ("theta[0]=1e-3", (1e-3,)),
    ],
)
def test_values_are_read_as_written(text: str, values: tuple[object, ...]) -> None:
    """Spans include both ends, lists keep their order, whole numbers stay whole, pi is pi."""
    points = parse_points([text])
    (axis,) = points.axes.values()
    assert axis == values
    assert [type(value) for value in axis] == [type(value) for value in values]


def test_several_parameters_make_a_grid() -> None:
    """Every combination is a point, and the last parameter varies fastest."""
    points = parse_points(["x=1,2", "y=3,4"])
    assert [tuple(point.values()) for point in points] == [(1, 3), (1, 4), (2, 3), (2, 4)]


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "=1",
        "a=",
        "a=1:2",
        "a=1:2:0",
        "a=1:2:x",
        "a=one",
        "a=nan",
        "a=1,,2",
        "a=[1",
        "a=pie",
        "a=pi/0",
        "a=2pi/0.0",
        "a=" + "9" * 400 + "pi",
        "a=0:1:-5",
        "a=0:1:1e3",
        "a=0:1:nan",
        "a=0:1:²",
        "a=0:inf:5",
        "a=-1.7e308:1.7e308:3",
        "a=0.5:" + "9" * 400 + ":3",
        "a=[" + "9" * 5000 + "]",
        "a=" + "[" * 100_000,
    ],
)
def test_what_is_no_value_is_refused_with_the_form(text: str) -> None:
    """A text that cannot be read is named, with how to write it."""
    with pytest.raises(InvalidInputError, match="--param") as caught:
        parse_points([text])
    assert "start:stop:count" in (caught.value.remedy or "")


@pytest.mark.parametrize(
    "texts",
    [
        ["a=0:1:99999999999"],
        ["a=0:1:" + "9" * 5000],
        ["a=0:1:1000001"],
        ["a=0:1:1001", "b=0:1:1000"],
        ["a=0:1:500001", "b=1,2"],
        ["a=1,2", "b=0:1:500001"],
        ["a=0:99999999998:99999999999"],
    ],
    ids=[
        "a span",
        "a long number",
        "one too many",
        "a grid",
        "with a list",
        "a list first",
        "whole",
    ],
)
def test_more_points_than_a_command_can_hold_are_refused_before_they_are_built(
    texts: list[str],
) -> None:
    """However they are spelled, and in no more memory than it takes to count them."""
    tracemalloc.start()
    try:
        with pytest.raises(InvalidInputError, match="has at most 1000000"):
            parse_points(texts)
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()


def test_as_many_points_as_a_command_can_hold_are_taken() -> None:
    """The limit itself is none too many."""
    assert len(parse_points(["a=0:1:1000", "b=0:1:1000"])) == 1_000_000


def test_a_parameter_given_twice_is_refused() -> None:
    """Two lists for one parameter are a mistake, not a longer list."""
    with pytest.raises(InvalidInputError, match="given twice"):
        parse_points(["a=1", "a=2"])


def test_run_takes_one_value_per_parameter() -> None:
    """Several values belong to a sweep; an array is one value."""
    assert parse_values(["a=1", "b=[1,2]"]) == {"a": 1, "b": [1, 2]}
    with pytest.raises(InvalidInputError, match="2 values"):
        parse_values(["a=1,2"])


@given(
    st.floats(-1e6, 1e6, allow_subnormal=False),
    st.floats(-1e6, 1e6, allow_subnormal=False),
    st.integers(2, 50),
)
def test_a_span_has_its_ends_and_its_count(start: float, stop: float, count: int) -> None:
    """Any span has as many values as asked for, with the given ends, evenly spaced."""
    (axis,) = parse_points([f"a={start!r}:{stop!r}:{count}"]).axes.values()
    assert len(axis) == count
    assert axis[0] == start
    assert axis[-1] == stop
    assert axis[1] - axis[0] == pytest.approx((stop - start) / (count - 1), abs=1e-9)


def test_a_document_is_read_from_its_file(tmp_path: Path) -> None:
    """A noise model may fill pages; its JSON is taken as well, and a missing file is named."""
    error = {"type": "roerror", "operations": ["measure"], "probabilities": [[0, 1], [1, 0]]}
    flips = json.dumps({"errors": [error]})
    file = tmp_path / "noise.json"
    file.write_text(flips)
    client, none = qa.LocalClient(), qa.RunOptions()
    from_file = parse_options([f"noise_model={file}"], client, none)
    assert from_file == parse_options([f"noise_model={flips}"], client, none)
    assert from_file == SimulationOptions(noise_model=flips)
    with pytest.raises(InvalidOptionError, match=r"nowhere\.json' cannot be read"):
        parse_options(["noise_model=nowhere.json"], client, none)
