from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import pytest

from tests.cli.conftest import command


def test_a_sweep_over_one_parameter(rotation: Path) -> None:
    """Points come in the order of the grid, with parameters and counts that fit each other."""
    ran = command(
        "sweep", rotation, "--param", "theta=0:pi:3", "--shots", 400, "--seed", 2, "--json"
    )
    assert ran.code == 0
    assert ran.err == ""
    document = ran.document
    assert document.keys() == {"program", "target", "shots", "axes", "points", "timed_out"}
    assert document["axes"] == {"theta": [0.0, math.pi / 2, math.pi]}
    points = document["points"]
    assert [point["index"] for point in points] == [0, 1, 2]
    assert [point["status"] for point in points] == ["succeeded"] * 3
    assert points[0]["counts"] == {"0": 400}
    assert points[1]["excited_fraction"] == pytest.approx(0.5, abs=0.15)
    assert points[2]["counts"] == {"1": 400}
    assert all(point["job_id"] for point in points)


def test_a_sweep_is_written_as_its_ending_says(rotation: Path, tmp_path: Path) -> None:
    """CSV has a row per point, JSON is the document, PNG is a picture."""
    arguments = ("sweep", rotation, "--param", "theta=0,pi", "--shots", 10)
    for ending in ("csv", "json", "png"):
        assert command(*arguments, "--output", tmp_path / f"out.{ending}").code == 0
    with (tmp_path / "out.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["theta"]) for row in rows] == [0.0, math.pi]
    assert [json.loads(row["counts"]) for row in rows] == [{"0": 10}, {"1": 10}]
    assert len(json.loads((tmp_path / "out.json").read_text())["points"]) == 2
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG\r\n")


def test_a_pipe_gets_a_row_per_point(rotation: Path) -> None:
    """Without a terminal and without --json, the points are rows separated by tabs."""
    heads, first, *_ = command(
        "sweep", rotation, "--param", "theta=0,pi", "--shots", 10
    ).out.splitlines()
    row = dict(zip(heads.split("\t"), first.split("\t"), strict=True))
    assert row["theta"] == "0"
    assert json.loads(row["counts"]) == {"0": 10}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--param", "phi=1,2"], "no parameter 'phi'"),
        (["--param", "theta=1:2"], "not a number"),
        (["--param", "theta=0:1:99999999999", "--timeout", 3], "at most 1000000"),
        (["--param", "theta=0:1:2", "--timeout", "nan"], "no time"),
        (["--param", "theta=0:1:2", "--timeout", "inf"], "no time"),
        (["--param", "theta=0:1:2", "--timeout", "-1"], "no time"),
        (["--param", "theta=1,2", "--shots", -1], "shots"),
        (["--param", "theta=1,2", "--on", "local:pulser"], "does not run qasm3"),
        (["--param", "theta=1,2", "--output", "picture.gif"], "picture.gif"),
    ],
)
def test_bad_input_is_refused(rotation: Path, arguments: list[object], words: str) -> None:
    """Bad input ends with exit code 2 and three lines, before any point is sent."""
    ran = command("sweep", rotation, *arguments)
    assert ran.code == 2, ran.err
    assert ran.out == ""
    assert words in ran.err.splitlines()[0]


def test_a_sweep_needs_a_parameter(rotation: Path) -> None:
    """Without --param there is nothing to sweep: a usage error."""
    assert command("sweep", rotation).code == 2
