"""What a careful user's script does around a vendor's client, whichever it is.

It notes every accepted submission in a file before it goes on, skips what the file knows when it is
started again, tries everything once more, and closes what it opened. The standard library and the
vendor's own environment have to do.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

SILENCE = 1.5
"""Seconds after which a silent service is given up; our own worker's is the same."""
FEWEST = 10
"""Shots of the first submission; the next has one more, so that the service's list tells them."""


class Notes:
    """The file: which submission has which points, and what came of them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        known = json.loads(path.read_text()) if path.exists() else {}
        self.submitted: dict[str, list[int]] = known.get("submitted", {})
        self.results: dict[str, object] = known.get("results", {})

    def accept(self, name: str, points: list[int]) -> None:
        self.submitted[name] = points
        self._write()

    def finish(self, points: list[int], results: list[object]) -> None:
        self.results |= {str(p): r for p, r in zip(points, results, strict=True)}
        self._write()

    def has(self, points: list[int]) -> bool:
        """Whether a submission of these points is known."""
        return points in self.submitted.values()

    def is_done(self, points: list[int]) -> bool:
        return all(str(point) in self.results for point in points)

    def _write(self) -> None:
        # In two steps: a kill in between leaves the old file, not half of one.
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps({"submitted": self.submitted, "results": self.results}))
        fresh.replace(self._path)


def twice(call, *given):
    """One plain retry on top of what the vendor's client does by itself."""
    try:
        return call(*given)
    except Exception as error:  # noqa: BLE001
        print(f"once more: {error!r}", file=sys.stderr)
        time.sleep(1)
        return call(*given)


def give_up_soon() -> None:
    """Wait less long for silent services than the vendors' clients do: 10 to 300 s each time."""
    from requests.adapters import HTTPAdapter

    send = HTTPAdapter.send

    def bounded(self, request, stream=False, timeout=None, **more):  # noqa: ARG001, FBT002
        return send(self, request, stream=stream, timeout=SILENCE, **more)

    HTTPAdapter.send = bounded


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--env", type=Path, required=True, help="JSON of variables")
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--points", type=int, required=True)
    parser.add_argument("--size", type=int, required=True, help="points per submission")
    parser.add_argument("--notes", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--open", action="store_true", help="use an open batch or a session")
    return parser.parse_args()


def angle(point: int) -> float:
    return 0.001 * point


def shots(points: list[int]) -> int:
    """As many as no other submission has."""
    return FEWEST + points[0] // len(points)


def sweep(script, notes: Notes, points: int, size: int) -> None:
    groups = [list(range(first, first + size)) for first in range(0, points, size)]
    missing = [group for group in groups if not notes.has(group)]
    try:
        for group in missing:
            notes.accept(twice(script.submit, group), group)
    finally:
        script.close()
    for name, group in notes.submitted.items():
        if not notes.is_done(group):
            notes.finish(group, twice(script.fetch, name))


def main(make) -> None:
    """Run a sweep with what `make` makes of the variables, the program and the arguments."""
    given = arguments()
    give_up_soon()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    notes = Notes(given.notes)
    script = twice(make, json.loads(given.env.read_text()), given.program.read_text(), given)
    sweep(script, notes, given.points, given.size)
    given.output.write_text(json.dumps({"jobs": notes.submitted, "results": notes.results}))
