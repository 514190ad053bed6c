"""A device's topology, as a small drawing (SVG) that needs no library, and as a plot."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, TypeAlias

from quantum_async.display.plots import axes_or_new
from quantum_async.errors import InvalidOptionError
from quantum_async.models.device import DeviceKind

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from quantum_async.models.device import Device


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


def plot_device(device: Device, *, ax: Axes | None = None) -> Axes:
    """Draw a device's topology.

    Args:
        device: The device.
        ax: Where to draw; a new figure by default.

    Raises:
        InvalidOptionError: The provider tells neither positions nor connectivity.
    """
    at = places(device)
    if not at:
        raise InvalidOptionError(
            f"{device.target} has no topology to draw",
            remedy="Its provider tells neither positions nor connectivity: "
            "any of its qubits can interact, or none was named.",
        )
    axes = axes_or_new(ax)
    for first, second in device.connectivity:
        if first in at and second in at:
            xs, ys = zip(at[first], at[second], strict=True)
            axes.plot(xs, ys, color="0.6", linewidth=1, zorder=1)
    xs, ys = zip(*at.values(), strict=True)
    is_labelled = len(at) <= MOST_LABELS
    axes.scatter(xs, ys, s=320 if is_labelled else 30, zorder=2)
    if is_labelled:
        for name, place in at.items():
            axes.annotate(name, place, ha="center", va="center", color="white", fontsize=7)
    axes.set_aspect("equal")
    axes.margins(0.1)
    axes.set_title(device.target)
    if device.positions and device.kind is DeviceKind.ANALOG:
        axes.set_xlabel("x (µm)")
        axes.set_ylabel("y (µm)")
    else:
        # A chip's coordinates only say who is next to whom.
        axes.set_axis_off()
    return axes
