"""Results of a job, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.sandbox.chance import content_label, seeded_counts, uniform
from quantum_async.sandbox.exchange import Refusal
from quantum_async.sandbox.qoro.packing import histogram

if TYPE_CHECKING:
    from pydantic import JsonValue

    from quantum_async.sandbox.exchange import Request
    from quantum_async.sandbox.qoro.options import QoroOptions
    from quantum_async.sandbox.qoro.records import Circuit, Record
    from quantum_async.sandbox.simulator import Outcome
    from quantum_async.sandbox.world import World


class Results:
    """Writes what was measured.

    Args:
        world: The world.
        options: How the service behaves.
    """

    def __init__(self, world: World, options: QoroOptions) -> None:
        self._world = world
        self.options = options

    def page(self, record: Record, request: Request) -> dict[str, JsonValue]:
        """Write one page.

        Raises:
            Refusal: The job has no results, or not yet.
        """
        word = record.word(request.now)
        if record.work is None or word != "COMPLETED":
            raise Refusal(400, f"Results are not available: the job is {word}")
        most = self.options.max_page
        limit = min(positive(request, "limit", most), most)
        offset = positive(request, "offset", 0)
        count, stop = len(record.circuits), offset + limit
        outcomes = record.work.outcomes
        rows: list[JsonValue] = [
            {
                "label": circuit.label,
                "results": self._row(circuit, outcomes[place] if outcomes else None),
            }
            for place, circuit in enumerate(record.circuits[offset:stop], offset)
        ]
        base = f"{request.base_url}{request.path}?limit={limit}"
        return {
            "count": count,
            "next": f"{base}&offset={stop}" if stop < count else None,
            "previous": f"{base}&offset={max(0, offset - limit)}" if offset else None,
            "results": rows,
        }

    def _row(self, circuit: Circuit, outcome: Outcome | None) -> dict[str, JsonValue]:
        seed, label = self._world.settings.seed, content_label("qoro", circuit.text, circuit.shots)
        if circuit.observables:
            values = outcome.expectation_values if outcome is not None else None
            return {
                term: values[term[::-1]]
                if values is not None
                else 2 * uniform(seed, label, term) - 1
                for term in circuit.observables
            }
        if outcome is None:
            counts = seeded_counts(seed, label, circuit.width, circuit.shots)
        else:
            counts = {key.replace(" ", ""): count for key, count in outcome.counts.items()}
        return dict(histogram(counts, circuit.width))


def positive(request: Request, name: str, usual: int) -> int:
    """Read a number of a query; one that is missing, malformed or 0 is the usual one."""
    given = request.query.get(name, [])
    return int(given[-1]) if given and given[-1].isdigit() and int(given[-1]) else usual
