"""Options and help that verbs share."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer
from typer.core import TyperCommand


class Verb(TyperCommand):
    """A verb whose help calls arguments by their names, without the types that they have in code."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write what the arguments and the options mean."""
        rows: dict[str, list[tuple[str, str]]] = {"argument": [], "option": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                kind = parameter.param_type_name
                name = record[0].partition(" <")[0] if kind == "argument" else record[0]
                rows[kind].append((name, record[1]))
        for kind, found in rows.items():
            if found:
                with formatter.section(f"{kind.title()}s"):
                    formatter.write_dl(found)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Write the arguments for the line that says how the verb is used."""
        return [re.sub("[{}]", "", piece) for piece in super().collect_usage_pieces(ctx)]


def provider_names(incomplete: str) -> list[str]:
    """Complete the name of a provider; none of them is loaded for it."""
    from importlib.metadata import entry_points

    from quantum_async.providers.base import ENTRY_POINT_GROUP

    names = {entry.name for entry in entry_points(group=ENTRY_POINT_GROUP)}
    return sorted(name for name in names if name.startswith(incomplete))


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
