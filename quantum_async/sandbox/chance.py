"""Chance that repeats itself: every draw follows from the seed and what it is for."""

from __future__ import annotations

import hashlib
import random


def uniform(seed: int, *labels: str | int) -> float:
    """Draw a number from [0, 1) that depends on the seed and the labels alone."""
    text = "\0".join(map(str, (seed, *labels)))
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def content_label(provider: str, *parts: object) -> str:
    """Name what is run, so that the same program draws the same counts however it got here.

    The order in which jobs arrive depends on who is killed and what is lost on the way; with the
    counts following from the program, a sweep under fire can be compared with a calm one.

    Args:
        provider: Registry name of the provider.
        parts: All that decides the outcome; anything with a repeatable ``repr``.
    """
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update((part if isinstance(part, str) else repr(part)).encode() + b"\0")
    return f"{provider} {digest.hexdigest()}"


def run_time(seed: int, provider: str, number: int, mean: float, spread: float) -> float:
    """Say how long a job runs, in seconds: uniform around the mean.

    Args:
        seed: The world's seed.
        provider: Registry name of the provider.
        number: The job's place among the provider's jobs.
        mean: Mean run time in seconds.
        spread: Half the width of the interval, as a fraction of the mean.
    """
    return mean * (1 + spread * (2 * uniform(seed, "run", provider, number) - 1))


def seeded_counts(seed: int, label: str, width: int, shots: int, most: int = 8) -> dict[str, int]:
    """Draw counts of the right shape: `shots` outcomes of `width` bits, few distinct ones."""
    chance = random.Random(f"{seed}\0{label}")  # noqa: S311  repeatable, not secret
    distinct = min(most, shots, 2**width if width < 8 else most)
    outcomes: dict[str, int] = {}
    while len(outcomes) < distinct:
        outcomes[format(chance.getrandbits(width), f"0{width}b") if width else ""] = 1
    cuts = sorted(chance.randint(0, shots - distinct) for _ in range(distinct - 1))
    edges = [0, *cuts, shots - distinct]
    for place, outcome in enumerate(outcomes):
        outcomes[outcome] += edges[place + 1] - edges[place]
    return outcomes


def shuffled_shots(counts: dict[str, int], seed: int, label: str) -> list[str]:
    """Write counts out as one outcome per shot, in a repeatable order."""
    shots = [outcome for outcome, count in counts.items() for _ in range(count)]
    random.Random(f"{seed}\0{label}").shuffle(shots)  # noqa: S311
    return shots
