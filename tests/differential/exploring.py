"""How long one looks, from where, and what becomes of what is found.

Environment:
    DIFFERENTIAL_PROGRAMS: How many programs of each kind; 200 by default.
    DIFFERENTIAL_SEED: Where chance begins; the same seed draws the same programs.
    DIFFERENTIAL_COLLECT: A file that is told every fault, instead of stopping at the first one.
"""

from __future__ import annotations

import hashlib
import math
import os
import re

import hypothesis

PROGRAMS = int(os.environ.get("DIFFERENTIAL_PROGRAMS", "200"))
SEED = os.environ.get("DIFFERENTIAL_SEED", "0")
COLLECT = os.environ.get("DIFFERENTIAL_COLLECT")
ODDS = 1e-9
"""How seldom chance alone may look like a fault, over all outcomes of a program."""


class Tally:
    """What became of the programs of one kind."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.programs = 0
        self.compared = 0
        self.refused: dict[str, int] = {}
        self.first: int | None = None
        self.known: set[str] = set()

    def refuse(self, why: str) -> None:
        short = re.sub(r"[0-9a-f]{32}|[0-9a-f-]{36}|\d+", "#", why)[:90]
        self.refused[short] = self.refused.get(short, 0) + 1

    @property
    def share(self) -> float:
        """Which part of the programs was compared."""
        return self.compared / max(1, self.programs)

    def __str__(self) -> str:
        most = sorted(self.refused.items(), key=lambda pair: -pair[1])[:8]
        told = "".join(f"\n    {many} x {why}" for why, many in most)
        return f"{self.kind}: {self.programs} programs, {self.compared} compared{told}"


def explore(kind: str, strategy, check, least: float = 0.3, programs: int | None = None) -> Tally:
    """Look at many programs.

    Args:
        kind: What is looked at, for the report.
        strategy: Draws a program.
        check: Looks at one: given it and the tally, it counts what it compared or what was
            refused, and raises `AssertionError` for a fault.
        least: Least part of the programs that must have been compared, so that a suite which
            refuses everything is not content.
        programs: How many, where not as many as usual.
    """
    tally = Tally(kind)
    looking = True

    def one(program):
        nonlocal looking
        if looking:
            tally.programs += 1
        try:
            check(program, tally)
        except AssertionError as error:
            if COLLECT:
                _collect(tally, program, error)
                return
            # What comes now is the search for a smaller program with the same fault.
            tally.first = tally.first or tally.programs
            looking = False
            raise

    run = hypothesis.given(strategy)(one)
    run = hypothesis.settings(
        max_examples=programs or PROGRAMS,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        print_blob=False,
        verbosity=hypothesis.Verbosity.quiet,
    )(run)
    # Every kind has its own programs, the same in every run.
    number = int.from_bytes(hashlib.sha256(f"{SEED} {kind}".encode()).digest()[:8])
    run = hypothesis.seed(number)(run)
    try:
        run()
    except AssertionError as error:
        error.add_note(f"found by program {tally.first} of {kind}; this is a smaller one")
        raise
    print(tally)  # noqa: T201  what was compared is part of the finding
    assert COLLECT or tally.share >= least, f"too little was compared: {tally}"
    return tally


def _collect(tally, program, error) -> None:
    text = re.sub(r"circuit-[\d-]+|[0-9a-f]{32}|[0-9a-f-]{36}", "#", str(error))
    # One line for each sort of fault, and its first program.
    sort = re.sub(r"\d+(\.\d+)?", "#", text)[:70]
    is_new = sort not in tally.known
    tally.known.add(sort)
    with open(COLLECT, "a", encoding="utf-8") as file:  # noqa: PTH123
        head = text.splitlines()[0] if text else type(error).__name__
        file.write(f"{tally.kind}\t{tally.programs}\t{head}\n")
        if is_new:
            file.write("".join(f"    {line}\n" for line in [*text.splitlines(), repr(program)]))


def compare(expected: dict[str, float], counts: dict[str, int], told: str, slack: int = 0) -> None:
    """Compare counts with probabilities.

    Args:
        expected: The probabilities.
        counts: How often each outcome was seen.
        told: What is said where they do not agree.
        slack: Where nothing is left to chance, how many shots rounding may move; else 0.
    """
    shots = sum(counts.values())
    assert shots, f"no shots: {told}"
    keys = {*expected, *counts}
    odds = math.log(2 * len(keys) / ODDS)
    for key in keys:
        share = expected.get(key, 0.0)
        away = abs(counts.get(key, 0) - shots * share)
        # Bernstein's inequality: right for any number of shots, however rare the outcome.
        spread = shots * share * (1 - share)
        bound = slack or (odds / 3 + math.sqrt(odds**2 / 9 + 2 * odds * spread))
        if share < 1e-9:
            bound = 0.5
        assert away <= bound, (
            f"other counts: {key!r} is {counts.get(key, 0)} of {shots}, not {share:.4f}; {told}"
        )
