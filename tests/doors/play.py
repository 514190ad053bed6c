"""A script that uses one door as its users do, and is killed: ``play.py DOOR PROVIDER JOURNAL ENV``."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.doors.doors import DOORS, SHOTS, CommandLine, Setting


def play(options: argparse.Namespace) -> None:
    """Submit jobs round by round, tell their ids, and write their results down."""
    setting = Setting(
        options.provider,
        json.loads(options.env.read_text()),
        options.journal,
        silence=options.silence,
    )
    kind = DOORS[options.door]
    kind.load()
    tell(options, "ready")
    with kind(setting) as door:
        told = []
        for number in range(options.rounds):
            start = number * options.size
            told.append(door.submit([0.01 * (start + place) for place in range(options.size)]))
            tell(options, json.dumps(told[-1]))
            if options.dies:
                os.kill(os.getpid(), signal.SIGKILL)
        results = door.results()
    part = options.output.with_suffix(".part")
    part.write_text(json.dumps({"ids": told, "results": results}))
    part.rename(options.output)


def command(options: argparse.Namespace) -> None:
    """Type one command that runs a program for each job, and waits for all of them."""
    setting = Setting(
        options.provider,
        json.loads(options.env.read_text()),
        options.journal,
        silence=options.silence,
    )
    CommandLine.load()
    with CommandLine(setting) as door:
        files = door.written([0.01 * place for place in range(options.rounds * options.size)])
        tell(options, "ready")
        ran = door.ended(*files, "--shots", SHOTS, "--output", options.output)
        if ran.exit_code:
            raise RuntimeError(ran.stdout + ran.stderr)


def tell(options: argparse.Namespace, line: str) -> None:
    """Say something that is there also where the process ends at once."""
    with options.told.open("a") as told:
        told.write(f"{line}\n")


def run(words: list[str]) -> None:
    """Play in a process that was made for it; what goes wrong is told as well."""
    options = arguments(words)
    try:
        (command if options.typed else play)(options)
    except BaseException:
        tell(options, traceback.format_exc())
        raise


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("door", choices=DOORS)
    parser.add_argument("provider")
    parser.add_argument("journal", type=Path)
    parser.add_argument("env", type=Path, help="JSON of variables")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--told", type=Path, default=Path("/dev/stdout"), help="lines go there")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--size", type=int, default=2, help="jobs that are submitted together")
    parser.add_argument("--silence", type=float, default=60.0, help="seconds")
    parser.add_argument("--typed", action="store_true", help="as one command that waits")
    parser.add_argument("--dies", action="store_true", help="once the first ids are told")
    return parser.parse_args(words)


if __name__ == "__main__":
    run(sys.argv[1:])
