"""The verb ``doctor``, with its options and help."""

from __future__ import annotations

from typing import Annotated

import typer

from quantum_async.cli.codes import ExitCode
from quantum_async.cli.jobs import Journal
from quantum_async.cli.options import Debug, Json
from quantum_async.cli.session import execute

app: typer.Typer = typer.Typer()


@app.command()
def doctor(
    *,
    journal: Journal = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Act without asking: close batches, adopt jobs.")
    ] = False,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="Cancel jobs instead of following them to their end.")
    ] = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Find jobs, submissions and batches that no living process answers for.

    Offers to adopt the jobs (follow them to their end) or to cancel them; batches are closed
    either way. Exits with 1 while something is left.

    quantum-async doctor --journal jobs.db --yes
    """

    async def verb() -> ExitCode:
        from quantum_async.cli.tidying import examine

        return await examine(journal, yes=yes, cancel=cancel, json=json)

    raise typer.Exit(execute(verb, debug=debug))
