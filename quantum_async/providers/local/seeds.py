"""Seeds for the jobs of a client that has one."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quantum_async.models.submission import JobSpec


class SeedSequence:
    """Gives each job a seed that follows from the client's seed and from the job itself.

    The order in which different jobs are submitted does not matter; the same job submitted again
    gets another seed, so that repetitions are independent.

    Args:
        seed: The client's seed, or ``None`` to leave jobs as they are.
    """

    def __init__(self, seed: int | None) -> None:
        self._seed = seed
        self._seen: Counter[bytes] = Counter()

    def seeded(self, job: JobSpec) -> JobSpec:
        """Return the job with a seed; a seed of its own stays."""
        if self._seed is None or job.options.seed is not None:
            return job
        text = repr((self._seed, job.program.digest, job.shots, sorted(job.variables.items())))
        identity = hashlib.sha256(text.encode()).digest()
        self._seen[identity] += 1
        mixed = hashlib.sha256(identity + str(self._seen[identity]).encode()).digest()
        seed = int.from_bytes(mixed[:4], "big") >> 1
        return replace(job, options=replace(job.options, seed=seed))
