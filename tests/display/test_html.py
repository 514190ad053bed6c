"""How values look in a notebook: escaped, readable without scripts, from no network."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from quantum_async.display.html import (
    batch_html,
    job_html,
    progress_html,
    result_html,
    sweep_html,
)
from quantum_async.display.live import LineDrawing, Standing
from quantum_async.display.plots import plot_device
from quantum_async.errors import InvalidOptionError, JobFailedError
from quantum_async.models.batch import BatchRef
from quantum_async.models.cost import Cost
from quantum_async.models.device import Device, DeviceKind, DeviceStatus
from quantum_async.models.grid import grid
from quantum_async.models.job import JobState, JobStatus
from quantum_async.models.result import BitOrder, Expectation, Register, Result
from quantum_async.models.sweep import SweepPoint, SweepResults

EVIL = '<script>alert("x")</script>&'
RESULT = Result({"00": 75, "11": 25}, 100, BitOrder.QISKIT, (Register("c", 2),))
VOID = {"br", "hr", "img"}


class Reader(HTMLParser):
    """Reads the words, and notices what is not well formed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        assert not any(name.startswith("on") or name in {"src", "href"} for name, _ in attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)


def read(html: str) -> str:
    reader = Reader()
    reader.feed(html)
    assert reader.open == []
    assert "script" not in reader.tags
    assert not re.search(r"https?:|@import|url\(", html)
    return " ".join(" ".join(reader.words).split())


def device(**changes) -> Device:
    return Device("iqm", "garnet", DeviceKind.GATE, **changes)


POINTS = grid(omega=[0.5 * n for n in range(20)])
SWEPT = SweepResults(POINTS, [SweepPoint(n, POINTS[n], RESULT) for n in range(20)], "rabi")


@pytest.mark.parametrize(
    "html",
    [
        job_html(EVIL, EVIL, JobState(JobStatus.FAILED, message=EVIL), None, JobFailedError(EVIL)),
        batch_html(EVIL, BatchRef("p", EVIL), is_open=True),
        sweep_html(EVIL, EVIL, grid(**{EVIL: [EVIL]}), done=1, failed=1),
        progress_html(EVIL, EVIL, done=1, total=2),
        SweepResults(
            grid(a=[EVIL]), [SweepPoint(0, {"a": EVIL}, error=JobFailedError(EVIL))], EVIL
        )._repr_html_(),
        device(description=EVIL, operations=(EVIL,), positions=((EVIL, 0, 0),))._repr_html_(),
    ],
)
def test_everything_is_escaped(html: str) -> None:
    """Names and messages of others never become markup."""
    read(html)
    assert "<script" not in html


def test_a_job_says_where_it_stands() -> None:
    """Status, id, target, place in the queue, cost and run time are there to read."""
    state = JobState(
        JobStatus.QUEUED, queue_position=3, run_time=1.25, cost=Cost(1.5, "EUR", is_estimate=True)
    )
    words = read(job_html("pasqal:FRESNEL", "j-1", state))
    for word in ("queued", "j-1", "on pasqal:FRESNEL", "in front 3", "ran 1.25 s", "about 1.5 EUR"):
        assert word in words
    assert "succeeded" in read(job_html("a:b", "j", JobState(JobStatus.RUNNING), RESULT))


@pytest.mark.parametrize("status", JobStatus)
def test_every_status_can_be_shown(status: JobStatus) -> None:
    """No status of a job, and none of a device, is without a look."""
    assert status in read(job_html("a:b", None, JobState(status)))


@pytest.mark.parametrize("status", DeviceStatus)
def test_every_device_status_can_be_shown(status: DeviceStatus) -> None:
    """As for jobs."""
    assert status in read(device(status=status)._repr_html_())


def test_a_result_shows_outcomes_and_observables() -> None:
    """Outcomes come by frequency, with count and fraction; rare ones are only counted."""
    words = read(result_html(RESULT))
    assert "00 75 0.750" in words
    many = Result({f"{n:05b}": 1 for n in range(32)}, 32, BitOrder.ATOMS, atoms=tuple("abcde"))
    assert "and 16 rarer outcomes" in read(many._repr_html_())
    observed = Result({"0": 1}, 1, BitOrder.QISKIT, expectation_values={"Z": Expectation(0.5, 0.1)})
    assert "Z 0.5 ± 0.1" in read(observed._repr_html_())


def test_a_long_sweep_shows_its_ends() -> None:
    """The first and the last points of a sweep are shown, and how many there are."""
    words = read(SWEPT._repr_html_())
    assert "complete Sweep rabi 20 points" in words
    assert "⋮" in words
    assert "19 9.5 100 0.2500" in words
    assert "10 5 100" not in words


def test_a_sweep_with_failures_says_why() -> None:
    """A failed point shows its error in place of a number."""
    failed = [SweepPoint(0, POINTS[0], error=JobFailedError("out of luck"))]
    words = read(SweepResults(POINTS, failed)._repr_html_())
    assert "1 failed" in words
    assert "out of luck" in words


def test_a_devices_topology_is_drawn_without_a_library() -> None:
    """Qubits are circles with their names, and couplers lines, as far as they are known."""
    shown = device(
        num_qubits=2, positions=(("A", 0, 0), ("B", 1, 0)), connectivity=(("A", "B"), ("A", "Z"))
    )._repr_html_()
    assert shown.count("<circle") == 2
    assert shown.count("<line") == 1
    assert "<title>A</title>" in shown
    assert "<svg" not in device()._repr_html_()
    ring = device(connectivity=(("A", "B"), ("B", "C")))._repr_html_()
    assert ring.count("<circle") == 3


def test_a_device_is_plotted() -> None:
    """`device.plot()` draws on given or new axes, in micrometres where positions are physical."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots()
    placed = device(positions=(("A", 0, 0), ("B", 1, 0)), connectivity=(("A", "B"),))
    assert placed.plot(ax=axes) is axes
    assert len(axes.lines) == 1
    assert {text.get_text() for text in axes.texts} == {"A", "B"}
    analog = Device("pasqal", "F", DeviceKind.ANALOG, positions=(("q0", 0, 0), ("q1", 5, 0)))
    assert plot_device(analog).get_xlabel() == "x (µm)"
    pyplot.close("all")
    del figure
    with pytest.raises(InvalidOptionError, match="no topology"):
        device().plot()


class Screen:
    """A stream that may be a terminal."""

    def __init__(self, terminal: bool) -> None:
        self.text = ""
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        """Nothing is held back."""


def test_a_terminal_gets_one_line_and_a_file_the_last_word() -> None:
    """Progress overwrites itself on a terminal; where there is none, only its end is written."""
    for terminal, wanted in ((True, "\r\x1b[2Ksweep: 1 of 2, 1 s\r\x1b[2Ksweep: 2 of 2, 1 failed, 2 s\n"),
                             (False, "sweep: 2 of 2, 1 failed, 2 s\n")):  # fmt: skip
        screen = Screen(terminal)
        line = LineDrawing(screen)
        line.draw(Standing("sweep", 1, 2), "1 s", is_over=False)
        line.draw(Standing("sweep", 2, 2, failed=1), "2 s", is_over=True)
        assert screen.text == wanted
