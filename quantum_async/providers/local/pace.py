"""How fast jobs run here, and from how many of them on a pool of processes pays."""

from __future__ import annotations

from collections import defaultdict, deque
from statistics import median

_MEMORY = 15
_FEWEST = 3
"""How many jobs must have run: the first one also pays for translating its program."""
_SLOWEST = 8.0
"""By how much a guess may be wrong; beyond, the machine is busy with something else."""
_EFFICIENCY = 0.85
"""How much of a further core each further process turns into speed (measured: 0.83 to 0.97)."""
_MARGIN = 1.5
"""How many start-up times of serial work justify a pool that starts while work goes on."""
_CHUNK_SECONDS = 0.15
_LARGEST_CHUNK = 64


class Pace:
    """Learn how fast jobs run and judge by it.

    Every job comes with a guess of its duration. What is learnt is by how much the guesses are
    wrong on this machine, separately for circuits and sequences.

    Args:
        workers: How many processes a pool would have.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._ratios: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=_MEMORY))
        # Pulser and Qiskit are there since the program was checked; a worker imports them as well.
        self._start_up = {"analog": 3.0, "circuits": 1.2}
        self._import = {"analog": 0.5, "circuits": 0.3}

    def learn(self, kind: str, guessed: float, seconds: float) -> None:
        """Take note of how long a job really ran."""
        self._ratios[kind].append(seconds / max(guessed, 1e-6))

    def learn_start_up(self, kind: str, seconds: float) -> None:
        """Take note of how long a pool took to get ready."""
        self._start_up[kind] = seconds

    def seconds(self, kind: str, guessed: float) -> float:
        """Correct a guess by what was learnt."""
        return guessed * self.ratio(kind)

    def ratio(self, kind: str) -> float:
        """By how much guesses are too short."""
        ratios = self._ratios[kind]
        if len(ratios) < _FEWEST:
            return 1.0
        return min(_SLOWEST, max(1 / _SLOWEST, median(ratios)))

    def pool_pays(self, kind: str, jobs: int, guessed: float, *, is_warm: bool) -> bool:
        """Judge whether a pool shortens the wait for jobs that are still to be run.

        Args:
            kind: ``"analog"`` or ``"circuits"``.
            jobs: How many there are.
            guessed: The guessed seconds of one of them.
            is_warm: Whether this process has imported the simulator. Where it has, work goes on
                here while the pool starts; where not, nothing runs before the pool does.
        """
        gain = min(self.workers, jobs) * _EFFICIENCY
        if self.workers < 2 or gain <= 1:
            return False
        serial = jobs * self.seconds(kind, guessed)
        if is_warm:
            return serial > _MARGIN * self._start_up[kind]
        return serial * (1 - 1 / gain) > self._start_up[kind] - self._import[kind]

    def chunk(self, kind: str, waiting: int, guessed: float) -> int:
        """Say how many jobs to give to a worker at a time."""
        by_time = int(_CHUNK_SECONDS / max(self.seconds(kind, guessed), 1e-6))
        by_share = -(-waiting // (2 * self.workers))
        return max(1, min(by_time, by_share, _LARGEST_CHUNK))
