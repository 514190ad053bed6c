"""The demo's measurements as one JSON document."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from quantum_async.cli.demo import physics
from quantum_async.cli.documents import point_document
from quantum_async.display.estimate import coordinate

if TYPE_CHECKING:
    from quantum_async.cli.demo.sweeps import Demo
    from quantum_async.cli.documents import Document
    from quantum_async.models.sweep import SweepPoint


def demo_document(demo: Demo) -> Document:
    """Write down everything that was measured, and the theory next to it.

    Args:
        demo: What was measured.
    """
    return {
        "shots": demo.shots,
        "seed": demo.seed,
        "seconds": round(demo.seconds, 3),
        "rabi": {
            "target": demo.targets[0],
            "units": {"omega": "rad/us", "duration": "us"},
            "points": [rabi_document(point) for point in demo.rabi],
        },
        "qaoa": {
            "target": demo.targets[1],
            "units": {"gamma": "rad", "beta": "rad"},
            "edges": [list(edge) for edge in physics.EDGES],
            "largest_cut": physics.LARGEST_CUT,
            "points": [_qaoa_document(point) for point in demo.qaoa],
            "best": _qaoa_document(best(demo)),
        },
        "order": [list(place) for place in demo.order],
    }


def rabi_document(point: SweepPoint) -> Document:
    """Write down one point of the oscillation.

    Args:
        point: A point that has a result.
    """
    omega = coordinate(point, "omega")
    theory = physics.rabi_theory(omega)
    return {
        **point_document(point),
        "omega": omega,
        "duration": physics.PULSE_US,
        "theory": theory,
        "theory_standard_error": math.sqrt(theory * (1 - theory) / point.outcome().shots),
    }


def best(demo: Demo) -> SweepPoint:
    """Return the point with the largest expected cut."""
    return max(demo.qaoa, key=lambda point: physics.expected_cut(point.outcome()).value)


def _qaoa_document(point: SweepPoint) -> Document:
    value = physics.expected_cut(point.outcome())
    return {
        **point_document(point),
        "expected_cut": value.value,
        "standard_error": value.standard_error,
    }
