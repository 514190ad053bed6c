"""The verbs of the command line, with their options and help, and mistakes in using them."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

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
    Verb,
    provider_names,
)
from quantum_async.cli.sandbox import app as sandbox_app
from quantum_async.cli.session import CANCELLED, ExitCode, execute, tell

if TYPE_CHECKING:
    from collections.abc import Sequence


# Newer versions of Typer bring a Click of their own, older ones use the installed one: both are reached
# through the class that it exports.
_REFUSAL: type[BaseException] = typer.BadParameter.__mro__[2]

_PLAINER = (
    ("Value error, ", ""),
    ("Input should be", "it should be"),
    (", unable to parse string as an integer", ""),
    (", unable to parse string as a number", ""),
)
"""The words of the library that checks values, and ours."""


class Commands(TyperGroup):
    """The verbs, which refuse what they do not understand in three lines and with exit code 2."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a verb; the arguments are those of the library's own method."""

        def run() -> Any:
            return super(Commands, self).main(
                args=args,
                prog_name=prog_name,
                complete_var=complete_var,
                standalone_mode=False,
                windows_expand_args=windows_expand_args,
                **extra,
            )

        if not standalone_mode:
            return run()
        try:
            code = run()
        except _REFUSAL as error:
            tell(*refusal(error))
            if "--json" in (sys.argv[1:] if args is None else args):
                from quantum_async.cli.session import Complaint, dump, error_document

                what, why, fix, *_ = (line.partition(": ")[2] for line in refusal(error))
                told = Complaint("UsageError", what, why, fix)
                sys.stdout.write(dump(error_document(told)) + "\n")
            sys.exit(ExitCode.USAGE)
        except typer.Abort:
            sys.exit(ExitCode.INTERRUPTED)
        sys.exit(code or ExitCode.OK)


def refusal(error: Any) -> list[str]:
    """Word a mistake on the command line, a line each for what, why and what to do.

    Args:
        error: The library's exception, which says what is wrong and knows the verb.
    """
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        # Whoever names no verb wants to know which there are, not what is wrong.
        return str(error.format_message()).splitlines()
    message = " ".join(str(error.format_message()).split()).rstrip(".")
    for words, plain in _PLAINER:
        message = message.replace(words, plain)
    verb = context.command_path if context is not None else "quantum-async"
    usage = _usage(context) if context is not None else "quantum-async COMMAND [ARGS]..."
    return [
        f"error: {message[:1].lower()}{message[1:]}",
        f"why: it is used as {usage}; nothing was sent",
        f"fix: {verb} --help explains every option",
    ]


def _usage(context: Any) -> str:
    words = context.get_usage().partition(":")[2].split()
    return " ".join(words).replace("{", "").replace("}", "")


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
app.add_typer(sandbox_app, name="sandbox")

PROGRAM = "quantum-async"
VARIABLE = "_QUANTUM_ASYNC_COMPLETE"
_DETACHED = "what was accepted goes on, and quantum-async jobs list shows it"


class Shell(StrEnum):
    """The shells that can be taught."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"


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
        from quantum_async.cli.demo import demo

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
        from quantum_async.cli.doctor import examine

        return await examine(journal, yes=yes, cancel=cancel, offline=offline, json=json)

    raise typer.Exit(execute(verb, debug=debug, json=json))


@app.command(cls=Verb, short_help="Print the script that completes commands in a shell.")
def completion(
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh, fish or powershell.")],
) -> None:
    """Print the script that completes verbs, options and providers in a shell.

    eval "$(quantum-async completion bash)"

    quantum-async completion zsh > ~/.zfunc/_quantum-async

    quantum-async completion fish | source
    """
    from typer.completion import get_completion_script  # type: ignore[attr-defined]

    script = get_completion_script(prog_name=PROGRAM, complete_var=VARIABLE, shell=shell.value)
    typer.echo(script)
