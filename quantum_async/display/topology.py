"""A device's topology as a plot: qubits or traps where they are, joined where they interact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.display.picture import MOST_LABELS, places
from quantum_async.display.plots import axes_or_new
from quantum_async.errors import InvalidOptionError
from quantum_async.models.device import DeviceKind

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from quantum_async.models.device import Device


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
