"""The ``quantum-async`` command."""

from __future__ import annotations

import sys
from io import TextIOWrapper

_MISSING = """\
error: {library} is not installed
why: the command line needs libraries that the core of this package does without
fix: pip install "quantum_async[cli]", or "quantum_async[local]" with the simulators
"""


def main() -> None:
    """Run the command line and end the process with its exit code."""
    try:
        _run()
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library not in {"typer", "rich"}:
            raise
        sys.stderr.write(_MISSING.format(library=library))
        sys.exit(2)


def _run() -> None:
    from quantum_async.cli.app import app
    from quantum_async.cli.session import own_the_process

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that cannot show a braille dot must not lose the results of paid jobs.
            stream.reconfigure(errors="replace")
    own_the_process()
    app(prog_name="quantum-async")
