"""A process that runs one named sweep to its end, however often it is killed and started again."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import anyio

sys.path.insert(0, str(Path(__file__).parents[2]))

import quantum_async as qa
from quantum_async.http.options import SessionOptions
from quantum_async.http.timeouts import Timeouts
from quantum_async.providers.base import ProviderClient, provider


def client_for(name: str, settings: dict[str, str]) -> ProviderClient:
    """Make a client that gives up on a silent server soon, so that a test need not wait long."""
    return provider(name).from_env(settings, options=SessionOptions(timeouts=Timeouts(read=1.5)))


async def run(options: argparse.Namespace) -> list[dict[str, object]]:
    """Run the sweep and say what became of every point."""
    client = client_for(options.provider, json.loads(options.env.read_text()))
    points = qa.grid(theta=[0.001 * i for i in range(options.points)])
    limits = qa.Limits(
        jobs_per_submission=options.size,
        min_poll_interval=0.05,
        requests_in_flight=options.at_once,
    )
    journal = options.journal
    if options.lease:
        from quantum_async.journal.sql import SqlJournal

        journal = SqlJournal(journal, lease=options.lease)
    async with qa.Scheduler(client, journal=journal, limits=limits) as scheduler:
        if options.output:
            sys.stdout.write("ready\n")
            sys.stdout.flush()
        results = await scheduler.sweep(
            qa.Program.load(options.program),
            points,
            shots=10,
            on=options.target,
            name="crash" if options.journal else None,
            on_error="collect",
        )
    return [
        {
            "index": point.index,
            "id": str(point.ref) if point.ref else None,
            "counts": dict(point.result.counts) if point.result else None,
            "error": type(point.error).__name__ if point.error else None,
            "message": str(point.error) if point.error else None,
        }
        for point in results
    ]


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--provider", required=True)
    parser.add_argument("--program", type=Path, required=True, help="with one parameter, theta")
    parser.add_argument("--target", required=True)
    parser.add_argument("--env", type=Path, required=True, help="JSON of variables")
    parser.add_argument("--journal", help="without one, the sweep is not remembered")
    parser.add_argument("--lease", type=float, help="how long it lasts, in seconds")
    parser.add_argument("--at-once", type=int, help="requests in flight")
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--size", type=int, default=10, help="jobs per submission")
    parser.add_argument("--output", type=Path)
    return parser.parse_args(words)


def main() -> None:
    """Run the sweep and write its outcome down."""
    options = arguments()
    options.output.write_text(json.dumps(anyio.run(run, options)))


if __name__ == "__main__":
    main()
