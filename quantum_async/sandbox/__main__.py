"""Start the sandbox: ``python -m quantum_async.sandbox``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from quantum_async.sandbox.faults import load_plan
from quantum_async.sandbox.settings import SandboxSettings


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted.

    Args:
        arguments: Flags, as on the command line.

    Returns:
        The exit code: 0, or 2 where the flags are wrong.
    """
    from quantum_async.sandbox.server import serve

    parsed = _parser().parse_args(arguments)
    try:
        serve(_settings(parsed), watch_stdin=parsed.watch_stdin)
    except (OSError, ValueError) as error:
        print(f"sandbox: {error}", file=sys.stderr)  # noqa: T201
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m quantum_async.sandbox", description=__doc__)
    parser.add_argument("--port", help="first port; 0 takes free ones (default 8900)")
    parser.add_argument("--latency", help="time of each answer, such as 20ms (default 0ms)")
    parser.add_argument("--job-time", help="mean run time of a job (default 0.2s)")
    parser.add_argument("--seed", help="makes a run repeat itself (default 0)")
    parser.add_argument("--faults", type=Path, help="a plan of faults (JSON)")
    parser.add_argument("--env-file", help="where to write the clients' variables")
    parser.add_argument("--no-simulate", dest="simulate", action="store_false", default=None)
    parser.add_argument("--parallel", action="store_true", default=None, help="no queues")
    parser.add_argument("--settings", default="{}", help="further settings as a JSON object")
    parser.add_argument("--watch-stdin", action="store_true", help="stop when stdin ends")
    return parser


def _settings(parsed: argparse.Namespace) -> SandboxSettings:
    settings = SandboxSettings.model_validate_json(parsed.settings).model_dump()
    names = ("port", "latency", "job_time", "seed", "env_file", "simulate", "parallel")
    settings |= {name: value for name in names if (value := getattr(parsed, name)) is not None}
    if parsed.faults is not None:
        settings["faults"] = load_plan(parsed.faults)
    return SandboxSettings.model_validate(settings)


if __name__ == "__main__":
    sys.exit(main())
