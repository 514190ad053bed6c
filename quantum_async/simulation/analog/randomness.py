"""numpy's global random state, from which Pulser draws and which belongs to the user."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

_borrowing = threading.RLock()


@contextmanager
def undrawn(draws: int) -> Generator[None]:
    """Take back a known number of uniform draws that the block makes and does not need.

    Where another thread has drawn meanwhile nothing is taken back, because its numbers would
    come again.

    Args:
        draws: How many numbers the block draws.
    """
    import numpy as np

    with _borrowing:
        before = np.random.RandomState()
        before.set_state(np.random.get_state())  # noqa: NPY002 - the state that Pulser draws from
        start = before.get_state(legacy=True)
        yield
        before.uniform(size=draws)
        now = np.random.get_state()  # noqa: NPY002
        if _equal(now, before.get_state(legacy=True)):
            np.random.set_state(start)  # noqa: NPY002


@contextmanager
def seeded(seed: int) -> Generator[None]:
    """Let the block draw what follows from a seed, and put the user's state back.

    Args:
        seed: The seed.
    """
    import numpy as np

    with _borrowing:
        before = np.random.get_state()  # noqa: NPY002
        np.random.seed(np.random.SeedSequence(seed).generate_state(8))  # noqa: NPY002
        try:
            yield
        finally:
            np.random.set_state(before)  # noqa: NPY002


def _equal(one: object, two: object) -> bool:
    import numpy as np

    if not isinstance(one, tuple) or not isinstance(two, tuple):
        return False
    return one[2:] == two[2:] and bool(np.array_equal(one[1], two[1]))
