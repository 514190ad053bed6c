"""The verb ``doctor``, with its options and help."""

from __future__ import annotations

from typing import Annotated

import typer

from quantum_async.cli.codes import ExitCode
from quantum_async.cli.helping import Verb
from quantum_async.cli.options import Debug, Journal, Json
from quantum_async.cli.session import execute

app: typer.Typer = typer.Typer()


@app.command(cls=Verb, short_help="Check settings and servers; find jobs that nobody follows.")
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
    """Check settings and servers, and find the jobs and batches that no process follows any more.

    Names the variables that hold credentials, never their values. Asks each configured provider's
    server, without credentials, whether it answers and what its clock says. Jobs of a journal
    whose process has died can be adopted (followed to their end) or cancelled; their batches are
    closed either way. Exits with 1 while something is left or does not answer.

    quantum-async doctor

    quantum-async doctor --journal jobs.db --yes
    """

    async def verb() -> ExitCode:
        from quantum_async.cli.examining import examine

        return await examine(journal, yes=yes, cancel=cancel, offline=offline, json=json)

    raise typer.Exit(execute(verb, debug=debug, json=json))
