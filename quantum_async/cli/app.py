"""The verbs of the command line, with their options and help."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from quantum_async.cli.codes import ExitCode
from quantum_async.cli.completion import app as completion_app, provider_names
from quantum_async.cli.doctor import app as doctor_app
from quantum_async.cli.helping import Verb
from quantum_async.cli.jobs import app as jobs_app
from quantum_async.cli.options import (
    Debug,
    Detach,
    Journal,
    Json,
    Name,
    NoJournal,
    Observables,
    On,
    Output,
    Own,
    Seed,
    Shots,
    Timeout,
)
from quantum_async.cli.refusals import Commands
from quantum_async.cli.sandbox import app as sandbox_app
from quantum_async.cli.session import CANCELLED, execute

app: typer.Typer = typer.Typer(
    cls=Commands,
    help="Run jobs on quantum computers and on the simulators embedded in this package.\n\n"
    "Exit codes: 0 ok, 1 failed, 2 usage, 3 credentials, 4 timeout, 130 interrupted.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # Boxes and colours of its own would take a third of the width, and yellow on white.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


app.add_typer(jobs_app, name="jobs")
app.add_typer(doctor_app)
app.add_typer(sandbox_app, name="sandbox")
app.add_typer(completion_app)

_DETACHED = "what was accepted goes on, and quantum-async jobs list shows it"


class OnError(StrEnum):
    """What a failed point does to a sweep."""

    RAISE = "raise"
    COLLECT = "collect"


def _version(wanted: bool) -> None:
    if wanted:
        from quantum_async import __version__

        typer.echo(f"quantum-async {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    del version


@app.command(cls=Verb, short_help="Run two sweeps at once on this machine, and draw them.")
def demo(
    *,
    shots: Shots = 500,
    seed: Seed = None,
    output: Output = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Run two parameter sweeps at once on this machine, and draw them.

    A Rabi oscillation of an atom (a Pulser sequence) and a QAOA landscape (a circuit), in one
    scheduler; needs no account.

    quantum-async demo --output demo.png

    quantum-async demo --seed 1 --json > demo.json
    """

    async def verb() -> ExitCode:
        from quantum_async.cli.demo.verb import demo

        return await demo(shots=shots, seed=seed, output=output, json=json)

    raise typer.Exit(execute(verb, debug=debug, json=json))


@app.command(cls=Verb)
def run(
    programs: Annotated[
        list[Path],
        typer.Argument(metavar="PROGRAM", help="Files: .qasm, .qpy, or a Pulser .json."),
    ],
    *,
    on: On = "local",
    shots: Shots = 1000,
    param: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A parameter's value, such as theta=pi/2."),
    ] = None,
    observable: Observables = None,
    option: Own = None,
    seed: Seed = None,
    timeout: Timeout = None,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Run the good files even where others are bad.")
    ] = False,
    output: Output = None,
    detach: Detach = False,
    journal: Journal = None,
    no_journal: NoJournal = False,
    name: Name = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Run program files, all at the same time.

    Every file is checked first: if one is bad, it is refused with its line, nothing is
    submitted, and the exit code is 2. On a provider's service every job is written down in a
    journal before it is sent: the same command continues a run that did not come to its end, and
    pays for nothing twice.

    quantum-async run bell.qasm --on local --shots 2000

    quantum-async run bell.qasm --on iqm --option transpile=true --detach

    quantum-async run circuits/*.qasm --json --output results.json
    """

    async def verb() -> ExitCode:
        from quantum_async.cli.run import RunOrder, run

        order = RunOrder(
            paths=programs,
            on=on,
            shots=shots,
            seed=seed,
            timeout=timeout,
            observables=observable or (),
            options=option or (),
            parameters=param or (),
            keep_going=keep_going,
            output=output,
            detach=detach,
            journal=journal,
            no_journal=no_journal,
            name=name,
        )
        return await run(order, json=json, debug=debug)

    words = _DETACHED if detach else CANCELLED
    raise typer.Exit(execute(verb, debug=debug, json=json, interrupted=words))


@app.command(cls=Verb, short_help="Run a program at every point of a grid.")
def sweep(
    program: Annotated[
        Path, typer.Argument(metavar="PROGRAM", help="A parametrised .qasm, .qpy or Pulser .json.")
    ],
    *,
    param: Annotated[
        list[str],
        typer.Option(
            metavar="NAME=VALUES",
            help="start:stop:count (both ends included) or value,value,...; repeat for a grid.",
        ),
    ],
    on: On = "local",
    shots: Shots = 1000,
    observable: Observables = None,
    option: Own = None,
    seed: Seed = None,
    timeout: Timeout = None,
    on_error: Annotated[
        OnError, typer.Option(help="End at the first failed point, or collect them all.")
    ] = OnError.RAISE,
    output: Output = None,
    detach: Detach = False,
    journal: Journal = None,
    no_journal: NoJournal = False,
    name: Name = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Run a program at every point of a grid, as many at a time as the target takes.

    --output takes a .csv, .json or .png file. With a journal, which there always is on a
    provider's service, the same command continues a sweep that did not come to its end: only the
    points without a result are sent. One that was shown is measured anew, unless --journal or
    --name says where its results are kept.

    quantum-async sweep rabi.json --param omega=0:4pi:41 --output rabi.png

    quantum-async sweep qaoa.qasm --param gamma=0:pi:16 --param beta=0.1,0.2
    """

    async def verb() -> ExitCode:
        from quantum_async.cli.sweep import SweepOrder, sweep

        order = SweepOrder(
            path=program,
            on=on,
            shots=shots,
            parameters=param,
            seed=seed,
            timeout=timeout,
            observables=observable or (),
            options=option or (),
            on_error=on_error.value,
            output=output,
            detach=detach,
            journal=journal,
            no_journal=no_journal,
            name=name,
        )
        return await sweep(order, json=json, debug=debug)

    words = _DETACHED if detach else CANCELLED
    raise typer.Exit(execute(verb, debug=debug, json=json, interrupted=words))


@app.command(cls=Verb, short_help="List the devices of the providers that are configured.")
def devices(
    provider: Annotated[
        str | None,
        typer.Argument(
            metavar="PROVIDER", help="Only this one, such as local.", autocompletion=provider_names
        ),
    ] = None,
    *,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """List the devices of every provider that the environment configures.

    quantum-async devices

    quantum-async devices local --json
    """

    async def verb() -> ExitCode:
        from quantum_async.cli.devices import devices

        return await devices(provider, json=json, debug=debug)

    raise typer.Exit(execute(verb, debug=debug, json=json))
