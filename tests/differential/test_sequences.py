"""Random sequences, variables and emulation options, against pulser-simulation itself."""

from __future__ import annotations

import pytest

from tests.differential.analog import analogs, runs_of
from tests.differential.exploring import compare, explore

pytestmark = [pytest.mark.differential, pytest.mark.timeout(0)]


def test_a_sequence_gives_what_pulser_gives(apart):
    """On every route: the same probabilities, atoms and energy."""

    def check(analog, tally):
        expected, found = apart(runs_of, analog)
        if isinstance(expected, str):
            tally.refuse(f"Pulser: {expected}")
            return
        shares, energy = expected
        for route, (seen, value) in found.items():
            told = f"{route}: expected {expected}; {seen}; {analog}"
            assert not seen.error, told
            if seen.refusal:
                tally.refuse(f"{route}: {seen.refusal}")
                continue
            compare(shares, seen.counts, told, 0 if route == "local" else 8)
            assert [name for name, _ in seen.registers] == list(analog.names), told
            if route == "local" and energy is not None:
                assert value == pytest.approx(energy, abs=1e-3), told
        tally.compared += not all(seen.refusal for seen, _ in found.values())

    explore("pulser", analogs(), check, least=0.5)
