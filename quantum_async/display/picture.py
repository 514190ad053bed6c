"""A device's topology as a small drawing (SVG) that needs no library and no script."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
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
