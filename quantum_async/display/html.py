"""How values look in a notebook: pure functions from models to escaped HTML and SVG, without scripts."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, TypeAlias

from quantum_async.display.estimate import main_value
from quantum_async.models.device import DeviceStatus
from quantum_async.models.job import JobStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from quantum_async.models.batch import BatchRef
    from quantum_async.models.device import Device
    from quantum_async.models.grid import Points
    from quantum_async.models.job import JobState
    from quantum_async.models.result import Result
    from quantum_async.models.sweep import SweepPoint, SweepResults


Places: TypeAlias = "dict[str, tuple[float, float]]"

MOST_QUBITS = 400
"""Beyond it, a drawing says no more than the number."""

MOST_LABELS = 64

_SIDE = 260.0
_MARGIN = 16.0


def places(device: Device) -> Places:
    """Say where each qubit is drawn: where the provider says, else on a circle.

    Args:
        device: The device.

    Returns:
        Coordinates by name; empty where nothing is known to draw.
    """
    if device.positions:
        return {name: (x, y) for name, x, y in device.positions}
    names = list(dict.fromkeys(name for pair in device.connectivity for name in pair))
    step = 2 * math.pi / (len(names) or 1)
    return {
        name: (math.sin(number * step), math.cos(number * step))
        for number, name in enumerate(names)
    }


def device_svg(device: Device) -> str:
    """Draw a device; nothing where its provider tells nothing to draw.

    Args:
        device: The device.
    """
    found = places(device)
    if not found or len(found) > MOST_QUBITS:
        return ""
    at, width, height = _scaled(found)
    radius = max(2.0, min(8.0, 60.0 / math.sqrt(len(at))))
    lines = [
        f'<line x1="{at[a][0]:.1f}" y1="{at[a][1]:.1f}" x2="{at[b][0]:.1f}" y2="{at[b][1]:.1f}"/>'
        for a, b in device.connectivity
        if a in at and b in at
    ]
    dots = [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"><title>{escape(name)}</title></circle>'
        for name, (x, y) in at.items()
    ]
    return (
        f'<svg width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'role="img" aria-label="topology of {escape(device.name)}">'
        f'<g stroke="currentColor" stroke-opacity=".45">{"".join(lines)}</g>'
        f'<g fill="var(--qa-accent,#2457c5)">{"".join(dots)}</g></svg>'
    )


def _scaled(found: Places) -> tuple[Places, float, float]:
    xs, ys = zip(*found.values(), strict=True)
    left, top = min(xs), max(ys)
    span = max(max(xs) - left, top - min(ys)) or 1.0
    scale = _SIDE / span
    at = {
        name: (_MARGIN + (x - left) * scale, _MARGIN + (top - y) * scale)
        for name, (x, y) in found.items()
    }
    width = 2 * _MARGIN + (max(xs) - left) * scale
    height = 2 * _MARGIN + (top - min(ys)) * scale
    return at, width, height


_DARK = "--qa-accent:#8ab4ff;--qa-good:#5fd38d;--qa-bad:#ff8a80;--qa-wait:#ffc663"
_LIGHT = "--qa-accent:#2457c5;--qa-good:#18794e;--qa-bad:#c62828;--qa-wait:#9a6200"

STYLE = (
    "<style>"
    f".qa{{{_LIGHT};--qa-line:rgba(128,128,128,.38);--qa-soft:rgba(128,128,128,.14);"
    "color:var(--jp-content-font-color1,var(--vscode-editor-foreground,inherit));"
    "font:13px/1.5 var(--jp-ui-font-family,system-ui,sans-serif);max-width:48rem;margin:.2em 0}"
    f"@media (prefers-color-scheme:dark){{.qa{{{_DARK}}}}}"
    # A notebook's own theme wins over the browser's wish, in both directions.
    f'[data-jp-theme-light="true"] .qa,.vscode-light .qa{{{_LIGHT}}}'
    f'[data-jp-theme-light="false"] .qa,.vscode-dark .qa,html[theme=dark] .qa{{{_DARK}}}'
    ".qa-head{display:flex;flex-wrap:wrap;gap:.2em .8em;align-items:center;margin-bottom:.3em}"
    ".qa-head b{font-weight:600}"
    ".qa-chip{border:1px solid currentColor;border-radius:1em;padding:0 .6em;font-size:.92em;"
    "white-space:nowrap}"
    ".qa-good{color:var(--qa-good)}.qa-bad{color:var(--qa-bad)}.qa-wait{color:var(--qa-wait)}"
    ".qa-info{color:var(--qa-accent)}.qa-dim{opacity:.72}"
    ".qa code{font:.96em var(--jp-code-font-family,ui-monospace,monospace);background:none;"
    "color:inherit;padding:0;overflow-wrap:anywhere}"
    ".qa table{border-collapse:collapse;margin:.2em 0;font-size:1em;border:0;color:inherit}"
    ".qa th,.qa td{text-align:left;padding:.1em 1.1em .1em 0;border:0;background:none;"
    "vertical-align:middle;max-width:none;white-space:normal;color:inherit}"
    ".qa th{font-weight:600;border-bottom:1px solid var(--qa-line)}"
    ".qa tbody tr,.qa thead{background:none!important;border:0}"
    ".qa .qa-num{text-align:right;font-variant-numeric:tabular-nums}"
    ".qa-bar{display:block;width:16rem;height:.75em;background:var(--qa-soft);border-radius:2px}"
    ".qa-bar>span{display:block;height:100%;background:var(--qa-accent);border-radius:2px;"
    "min-width:1px}"
    ".qa-bar>.qa-fill-bad{background:var(--qa-bad)}"
    ".qa-wide{width:100%;max-width:28rem;display:flex;overflow:hidden}"
    ".qa svg{display:block;max-width:100%;height:auto;margin:.3em 0}"
    "</style>"
)
"""Comes with every output, because an output must be readable alone."""


MOST_OUTCOMES = 16
MOST_POINTS = 12
MOST_WORDS = 60

_JOB_COLOURS = {
    JobStatus.QUEUED: "wait",
    JobStatus.RUNNING: "info",
    JobStatus.SUCCEEDED: "good",
    JobStatus.FAILED: "bad",
    JobStatus.CANCELLING: "wait",
    JobStatus.CANCELLED: "wait",
    JobStatus.UNKNOWN: "wait",
}
_DEVICE_COLOURS = {
    DeviceStatus.AVAILABLE: "good",
    DeviceStatus.DEGRADED: "wait",
    DeviceStatus.UNAVAILABLE: "bad",
    DeviceStatus.UNKNOWN: "dim",
}


def job_html(
    target: str,
    job_id: str | None,
    state: JobState,
    result: Result | None = None,
    error: BaseException | None = None,
) -> str:
    """Show a job: its status, where it runs, its place in the queue, and what it measured.

    Args:
        target: Where it runs, as ``provider:device``.
        job_id: The provider's id of it.
        state: What the provider last said.
        result: Its result, once it is here.
        error: Why there will be none.
    """
    status = JobStatus.SUCCEEDED if result is not None else state.status
    facts = [
        ("in front", None if state.queue_position is None else str(state.queue_position)),
        ("ran", None if state.run_time is None else f"{state.run_time:.3g} s"),
        ("cost", None if state.cost is None else str(state.cost)),
    ]
    head = [
        _chip(str(status), _JOB_COLOURS[status]),
        "<b>Job</b>",
        _code(job_id or "not accepted"),
        _dim(f"on {target}"),
        *(_dim(f"{name} {value}") for name, value in facts if value is not None),
    ]
    words = str(error) if error is not None else state.message
    body = f'<div class="qa-bad">{escape(words)}</div>' if words else ""
    return _card(head, body + (_outcomes(result) if result is not None else ""))


def batch_html(target: str, ref: BatchRef | None, *, is_open: bool) -> str:
    """Show an open batch, and whether it still takes jobs.

    Args:
        target: Where it runs.
        ref: Its reference, once it was opened.
        is_open: Whether it takes jobs, and may be billed.
    """
    words, colour = ("open", "good") if is_open else ("not open", "dim")
    shown = _code(ref.id) if ref is not None else ""
    return _card([_chip(words, colour), "<b>Batch</b>", shown, _dim(f"on {target}")])


def sweep_html(name: str | None, target: str, points: Points, *, done: int, failed: int) -> str:
    """Show a sweep under way: how far it has come, and over what it goes.

    Args:
        name: What it is called.
        target: Where it runs.
        points: Its points.
        done: How many have a result or an error.
        failed: How many have an error.
    """
    total = len(points)
    colour = "bad" if failed else "good" if done == total else "info"
    head = [
        _chip(f"{done} of {total}", colour),
        f"<b>Sweep</b> {_code(name)}" if name else "<b>Sweep</b>",
        _dim(f"on {target}"),
        *([f'<span class="qa-bad">{failed} failed</span>'] if failed else []),
    ]
    rows = [(_code(axis), _dim(_range(values))) for axis, values in points.axes.items()]
    return _card(head, _progress_bar(done, total, failed) + _table((), rows))


def result_html(result: Result) -> str:
    """Show what was measured: the most frequent outcomes as bars, and expectation values.

    Args:
        result: What was measured.
    """
    order = {"qiskit": "last bit leftmost", "atoms": "first atom leftmost"}[result.bit_order]
    head = ["<b>Result</b>", _dim(f"{result.shots} shots · {order}")]
    return _card(head, _outcomes(result))


def sweep_results_html(results: SweepResults) -> str:
    """Show the outcome of a sweep: its first and last points, and how many failed.

    Args:
        results: The finished sweep.
    """
    failed = results.failed
    head = [
        _chip(f"{failed} failed", "bad") if failed else _chip("complete", "good"),
        f"<b>Sweep</b> {_code(results.name)}" if results.name else "<b>Sweep</b>",
        _dim(f"{len(results)} points"),
    ]
    half = MOST_POINTS // 2
    is_long = len(results) > MOST_POINTS
    shown: Sequence[SweepPoint | None] = (
        [*results[:half], None, *results[-half:]] if is_long else list(results)
    )
    names = list(results.points.axes)
    measured = (point.result for point in shown if point is not None)
    label = next((main_value(result)[0] for result in measured if result is not None), "outcome")
    heads = ["#point", *(f"#{name}" for name in names), "#shots", f"#{label}", ""]
    return _card(head, _table(heads, [_point_row(point, names) for point in shown]))


def device_html(device: Device) -> str:
    """Show a device: whether it is available, its limits, and a drawing of its topology.

    Args:
        device: The device.
    """
    kind = f"{device.kind} {'simulator' if device.is_simulator else 'device'}"
    head = [
        _chip(str(device.status), _DEVICE_COLOURS[device.status]),
        f"<b>{escape(device.name)}</b>",
        _code(device.target),
        _dim(kind),
    ]
    facts = [
        ("qubits", device.num_qubits),
        ("most shots", device.max_shots),
        ("queue", None if device.queue_time is None else f"{device.queue_time:g} s"),
        ("operations", ", ".join(device.operations) or None),
    ]
    rows = [(_dim(name), escape(str(value))) for name, value in facts if value is not None]
    text = f"<div>{escape(device.description)}</div>" if device.description else ""
    return _card(head, text + _table((), rows) + device_svg(device))


def progress_html(label: str, words: str, *, done: int, total: int, failed: int = 0) -> str:
    """Show how far a wait has come.

    Args:
        label: What is waited for.
        words: How long it has taken, and more.
        done: How many have ended.
        total: How many there are.
        failed: How many of those that have ended failed.
    """
    colour = "bad" if failed else "good" if done >= total else "info"
    if total == 1:
        status = "ended" if done else "waiting"
        return _card([_chip(status, colour), escape(label), _dim(words)])
    head = [_chip(f"{done} of {total}", colour), escape(label), _dim(words)]
    return _card(head, _progress_bar(done, total, failed))


def _card(head: Iterable[str], body: str = "") -> str:
    return f'{STYLE}<div class="qa"><div class="qa-head">{" ".join(head)}</div>{body}</div>'


def _chip(words: str, colour: str) -> str:
    return f'<span class="qa-chip qa-{colour}">{escape(words)}</span>'


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _dim(text: str) -> str:
    return f'<span class="qa-dim">{escape(text)}</span>'


def _bar(part: float) -> str:
    return f'<span class="qa-bar"><span style="width:{100 * part:.1f}%"></span></span>'


def _progress_bar(done: int, total: int, failed: int) -> str:
    good, bad = (100 * n / (total or 1) for n in (done - failed, failed))
    filled = f'<span style="width:{good:.1f}%"></span>' if done > failed else ""
    filled += f'<span class="qa-fill-bad" style="width:{bad:.1f}%"></span>' if failed else ""
    return f'<div class="qa-bar qa-wide" role="img" aria-label="{done} of {total}">{filled}</div>'


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Make a table of cells that are HTML already; a head that starts with # is for numbers."""
    sides = [' class="qa-num"' if head.startswith("#") else "" for head in heads]
    top = "".join(
        f"<th{side}>{escape(head.removeprefix('#'))}</th>"
        for head, side in zip(heads, sides, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{sides[place] if place < len(sides) else ''}>{cell}</td>"
            for place, cell in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    if not body:
        return ""
    return f"<table>{f'<thead><tr>{top}</tr></thead>' if top else ''}<tbody>{body}</tbody></table>"


def _outcomes(result: Result) -> str:
    total = sum(result.counts.values()) or 1
    shown = result.most_common(MOST_OUTCOMES)
    most = max((count for _, count in shown), default=1)
    rows = [
        (_code(outcome), str(count), f"{count / total:.3f}", _bar(count / most))
        for outcome, count in shown
    ]
    hidden = len(result.counts) - len(shown)
    more = f'<div class="qa-dim">and {hidden} rarer outcomes</div>' if hidden > 0 else ""
    table = _table(["outcome", "#count", "#fraction", ""], rows)
    return table + more + _expectations(result)


def _expectations(result: Result) -> str:
    rows = [
        (
            _code(name),
            f"{value.value:.6g}",
            "" if value.standard_error is None else f"± {value.standard_error:.2g}",
        )
        for name, value in result.expectation_values.items()
    ]
    return _table(["observable", "#value", ""], rows)


def _point_row(point: SweepPoint | None, names: Sequence[str]) -> Sequence[str]:
    if point is None:
        return ["⋮"] * (len(names) + 3) + [""]
    cells = [str(point.index), *(escape(_word(point.parameters[name])) for name in names)]
    if point.result is None:
        error = escape(str(point.error or "")[:MOST_WORDS])
        return [*cells, "", "", f'<span class="qa-bad">{error}</span>']
    value = main_value(point.result)[1].value
    bar = _bar(value) if 0 <= value <= 1 else ""
    return [*cells, str(point.result.shots), f"{value:.4f}", bar]


def _range(values: Sequence[object]) -> str:
    if len(values) == 1:
        return _word(values[0])
    return f"{len(values)} values from {_word(values[0])} to {_word(values[-1])}"


def _word(value: object) -> str:
    text = f"{value:.5g}" if isinstance(value, float) else str(value)
    return text if len(text) <= MOST_WORDS else f"{text[:MOST_WORDS]}…"
