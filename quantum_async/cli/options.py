"""Options that several verbs share."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from quantum_async.cli.completion import provider_names

Json: TypeAlias = Annotated[
    bool, typer.Option("--json", help="One JSON document on stdout, all else on stderr.")
]
Debug: TypeAlias = Annotated[
    bool, typer.Option("--debug", help="Show tracebacks.", envvar="QUANTUM_ASYNC_DEBUG")
]
Seed: TypeAlias = Annotated[
    int | None,
    typer.Option(metavar="NUMBER", help="Make a simulator repeat itself; hardware ignores it."),
]
Shots: TypeAlias = Annotated[int, typer.Option(metavar="NUMBER", help="How often each job is run.")]
On: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="TARGET",
        help="provider:device, such as local:statevector; a provider alone lets it choose.",
        envvar="QUANTUM_ASYNC_TARGET",
        autocompletion=provider_names,
    ),
]


def _seconds(value: float | None) -> float | None:
    # Not a number compares with nothing: the time would never be up.
    if value is not None and not (math.isfinite(value) and value >= 0):
        raise typer.BadParameter(f"{value} is no time; give seconds, or leave it out")
    return value


Timeout: TypeAlias = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        help="Cancel what is unfinished then, and exit with 4.",
        callback=_seconds,
    ),
]
Observables: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--observable",
        metavar="PAULIS",
        help="Also estimate this, such as ZZ or IXY (rightmost letter: qubit 0). Repeatable.",
    ),
]
Output: TypeAlias = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Also write the results here.")
]
Journal: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="The journal: a file, or the URL of a PostgreSQL database; by default one in your "
        "data folder.",
        envvar="QUANTUM_ASYNC_JOURNAL",
    ),
]
NoJournal: TypeAlias = Annotated[
    bool, typer.Option("--no-journal", help="Write nothing down: what is killed is lost.")
]
Name: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="What it is called in the journal; by default it follows from the command.",
    ),
]
Detach: TypeAlias = Annotated[
    bool, typer.Option("--detach", help="Submit, say the ids, and leave: the jobs go on.")
]
Own: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        metavar="KEY=VALUE",
        help="An option of the provider's own, such as transpile=true. Repeatable.",
    ),
]
