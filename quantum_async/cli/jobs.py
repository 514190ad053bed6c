"""The verb ``jobs``, with its options and help."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

from quantum_async.cli.options import Debug, Journal, Json, Verb
from quantum_async.cli.session import ExitCode, execute

Key: TypeAlias = Annotated[
    str, typer.Argument(metavar="JOB", help="A key or its beginning, or the provider's id.")
]

app: typer.Typer = typer.Typer(
    help="List, show, cancel, resume and settle the jobs of a journal.", no_args_is_help=True
)


@app.command("list", cls=Verb, short_help="List runs, and jobs that are not finished.")
def list_jobs(
    *,
    journal: Journal = None,
    everything: Annotated[bool, typer.Option("--all", help="Finished jobs as well.")] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Look again and again, until nothing is unfinished.")
    ] = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """List the runs of a journal, and the jobs that are not finished; asks no provider.

    quantum-async jobs list --journal jobs.db --all

    quantum-async jobs list --watch
    """

    async def verb() -> ExitCode:
        from quantum_async.cli.keeping import list_jobs, watch_jobs

        if watch:
            return await watch_jobs(journal, everything=everything, json=json)
        return await list_jobs(journal, everything=everything, json=json)

    words = "the jobs are as they were"
    raise typer.Exit(execute(verb, debug=debug, json=json, interrupted=words))


@app.command("show", cls=Verb, short_help="Show one job with its result or failure.")
def show_job(
    job: Key, *, journal: Journal = None, json: Json = False, debug: Debug = False
) -> None:
    """Show one job with its parameters and its result or failure; asks no provider.

    quantum-async jobs show 3f2a --json
    """

    async def verb() -> ExitCode:
        from quantum_async.cli.keeping import show_job

        return await show_job(journal, job, json=json)

    raise typer.Exit(execute(verb, debug=debug, json=json))


@app.command("cancel", cls=Verb, short_help="Cancel accepted jobs at their providers.")
def cancel_jobs(
    jobs: Annotated[list[str], typer.Argument(metavar="JOB", help="Keys or providers' ids.")],
    *,
    journal: Journal = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Cancel accepted jobs at their providers; what they cost so far stays billed.

    quantum-async jobs cancel 3f2a 77bc
    """

    async def verb() -> ExitCode:
        from quantum_async.cli.keeping import cancel_jobs

        return await cancel_jobs(journal, jobs, json=json)

    raise typer.Exit(execute(verb, debug=debug, json=json))


@app.command("resume", cls=Verb, short_help="Finish what a dead process left behind.")
def resume_jobs(
    run: Annotated[
        str | None, typer.Argument(metavar="RUN", help="One run; everything by default.")
    ] = None,
    *,
    journal: Journal = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Take over what a dead process left unfinished, and wait for it.

    quantum-async jobs resume --journal jobs.db
    """

    async def verb() -> ExitCode:
        from quantum_async.cli.keeping import resume

        return await resume(journal, run, json=json, debug=debug)

    raise typer.Exit(execute(verb, debug=debug, json=json))


@app.command("resolve", cls=Verb, short_help="Settle a submission that may or may not exist.")
def resolve_jobs(
    key: Annotated[
        str,
        typer.Argument(
            metavar="KEY", help="The key of the submission or of one of its jobs, or its beginning."
        ),
    ],
    *,
    lost: Annotated[
        bool, typer.Option("--lost", help="It does not exist, and may be sent again.")
    ] = False,
    ids: Annotated[
        list[str] | None,
        typer.Option(
            "--is",
            metavar="ID",
            help="It exists, and this is the provider's id. Once per job, in their order, where "
            "its jobs do not share one.",
        ),
    ] = None,
    journal: Journal = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Settle a submission of which nobody can say whether the provider has it.

    Look for it at the provider first. What is lost may be sent again, by running its sweep; what
    has an id is followed to its end.

    quantum-async jobs resolve 3f2a --lost

    quantum-async jobs resolve 3f2a --is 0d6b1c52-77bc-4d1e-9f0a-1f5a1a2b3c4d
    """

    async def verb() -> ExitCode:
        from quantum_async.cli.keeping import resolve

        return await resolve(journal, key, lost=lost, ids=ids or (), json=json, debug=debug)

    words = "what was found goes on"
    raise typer.Exit(execute(verb, debug=debug, json=json, interrupted=words))
