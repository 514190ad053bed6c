"""Seeds of simulations."""

from __future__ import annotations

import secrets

from quantum_async.errors import InvalidOptionError

_BITS = 31


def fresh_seed(seed: object) -> int:
    """Return the seed, or draw one, so that every result says how to repeat it.

    Raises:
        InvalidOptionError: The seed is negative or not a whole number.
    """
    if seed is None:
        return secrets.randbits(_BITS)
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InvalidOptionError(f"seed {seed!r}", remedy="Give a whole number from 0 up.")
    return seed
