"""What jobs measured, as the service's artifacts."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

from quantum_async.sandbox.chance import content_label, seeded_counts, shuffled_shots

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quantum_async.sandbox.iqm.instructions import SubmittedCircuit
    from quantum_async.sandbox.iqm.options import IQMSandboxOptions
    from quantum_async.sandbox.iqm.records import IQMRecord
    from quantum_async.sandbox.world import World

Shots = list[list[int]]


class Measurements:
    """Writes the results of jobs.

    Args:
        world: The world.
        options: How the service behaves.
    """

    def __init__(self, world: World, options: IQMSandboxOptions) -> None:
        self._world = world
        self.options = options

    def is_ready(self, record: IQMRecord, now: float) -> bool:
        """Whether a job's artifacts are there."""
        finished = record.work.finished(now)
        if record.word(now) != "completed" or finished is None:
            return False
        return now >= finished + self.options.artifacts_lag

    def documents(self, record: IQMRecord) -> list[dict[str, Shots]]:
        """Write what a job measured: for each circuit, by key, shot and qubit."""
        return [
            _by_key(circuit, shots)
            for circuit, shots in zip(record.circuits, self._shots(record), strict=True)
        ]

    def counts(self, record: IQMRecord) -> list[dict[str, object]]:
        """Write the counts of a job: first bit of the first key leftmost."""
        return [
            {"measurement_keys": list(circuit.keys), "counts": dict(Counter(shots))}
            for circuit, shots in zip(record.circuits, self._shots(record), strict=True)
        ]

    def _shots(self, record: IQMRecord) -> Iterator[list[str]]:
        outcomes = record.work.outcomes
        for number, circuit in enumerate(record.circuits):
            if outcomes:
                # A register for each bit, the last one leftmost: reversed, they are in order.
                samples = outcomes[number].samples or ()
                shots = [sample.replace(" ", "")[::-1] for sample in samples]
            else:
                shots = self._drawn(record, circuit)
            yield self._heralded(record, number, shots)

    def _drawn(self, record: IQMRecord, circuit: SubmittedCircuit) -> list[str]:
        seed, label = self._world.settings.seed, _label(circuit, record.shots)
        width = sum(map(len, circuit.keys.values()))
        return shuffled_shots(seeded_counts(seed, label, width, record.shots), seed, label)

    def _heralded(self, record: IQMRecord, number: int, shots: list[str]) -> list[str]:
        if not record.is_heralded:
            return shots
        label = f"{self._world.settings.seed} herald {record.work.number} {number}"
        chance = random.Random(label)  # noqa: S311  repeatable, not secret
        kept = [shot for shot in shots if chance.random() >= self.options.heralding_loss]
        return kept or shots[:1]


def _by_key(circuit: SubmittedCircuit, shots: list[str]) -> dict[str, Shots]:
    found: dict[str, Shots] = {}
    begin = 0
    for key, locus in circuit.keys.items():
        end = begin + len(locus)
        found[key] = [[int(bit) for bit in shot[begin:end]] for shot in shots]
        begin = end
    return found


def _label(circuit: SubmittedCircuit, shots: int) -> str:
    # Its name is the client's affair.
    steps = [(step.name, step.locus, sorted(step.args.items())) for step in circuit.steps]
    return content_label("iqm", steps, sorted(circuit.keys.items()), shots)
