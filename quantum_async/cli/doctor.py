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
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask no server whether it answers.")
    ] = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Look at what is installed and configured, and find jobs and batches without an owner.

    Names the variables that hold credentials, never their values, and asks each configured
    provider's server, without them, whether it answers and what its clock says. Jobs that no
    living process answers for are offered to be adopted (followed to their end) or cancelled;
    their batches are closed either way. Exits with 1 while something is left or does not answer.

    quantum-async doctor

    quantum-async doctor --journal jobs.db --yes
    """

    async def verb() -> ExitCode:
        from quantum_async.cli.examining import examine

        return await examine(journal, yes=yes, cancel=cancel, offline=offline, json=json)

    raise typer.Exit(execute(verb, debug=debug))
