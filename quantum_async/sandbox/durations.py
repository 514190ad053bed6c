"""Durations as people write them on a command line."""

from __future__ import annotations

import re

_UNITS = {"ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "": 1.0}
_SHAPE = re.compile(r"\s*([0-9]*\.?[0-9]+(?:e-?[0-9]+)?)\s*([a-z]*)\s*", re.IGNORECASE)


def seconds(value: object) -> object:
    """Read ``"250ms"``, ``"0.2s"``, ``"1m"`` or a bare number of seconds.

    Args:
        value: The text or number.

    Raises:
        ValueError: The text is not a duration.
    """
    if not isinstance(value, str):
        return value
    match = _SHAPE.fullmatch(value)
    if match is None or match[2].lower() not in _UNITS:
        raise ValueError(f"{value!r} is not a duration; write 250ms, 0.2s or 1m")
    return float(match[1]) * _UNITS[match[2].lower()]
