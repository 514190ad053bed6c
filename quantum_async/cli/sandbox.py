"""``quantum-async sandbox``: a cloud on this machine to test against."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from quantum_async.cli.options import Verb
from quantum_async.cli.session import ExitCode, tell

app: typer.Typer = typer.Typer(help="A cloud on this machine that speaks the providers' protocols.")

PORTS = (
    "First of the consecutive ports: Pasqal, Azure, IQM, Qoro; +9 is control. 0 takes free ones."
)


@app.callback()
def _group() -> None:
    """Keep ``serve`` a verb of its own, although it is the only one."""


@app.command(cls=Verb)
def serve(
    *,
    port: Annotated[int, typer.Option(metavar="NUMBER", help=PORTS)] = 8900,
    latency: Annotated[
        str, typer.Option(metavar="TIME", help="Time of each answer, such as 20ms.")
    ] = "0ms",
    job_time: Annotated[str, typer.Option(metavar="TIME", help="Mean run time of a job.")] = "0.2s",
    seed: Annotated[int, typer.Option(metavar="NUMBER", help="Makes a run repeat itself.")] = 0,
    faults: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A plan of faults, as JSON.")
    ] = None,
    env_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where to write the variables that point clients here."),
    ] = None,
    simulate: Annotated[
        bool, typer.Option("--simulate/--no-simulate", help="Simulate jobs, or draw counts.")
    ] = True,
) -> None:
    """Serve every provider's protocol on loopback until interrupted.

    Prints a line per service, then "ready". Any user name, password and token is accepted.

    quantum-async sandbox serve --env-file sandbox.env

    quantum-async sandbox serve --port 9100 --latency 50ms --no-simulate
    """
    try:
        from quantum_async.sandbox.faults import load_plan
        from quantum_async.sandbox.server import serve as run
        from quantum_async.sandbox.settings import SandboxSettings
    except ModuleNotFoundError as error:
        _complain(
            f"{error.name} is not installed",
            "the sandbox needs libraries that the rest of this package does without",
            'pip install "quantum_async[sandbox]"',
        )
        raise typer.Exit(ExitCode.USAGE) from error
    try:
        settings = {
            "port": port,
            "latency": latency,
            "job_time": job_time,
            "seed": seed,
            "faults": load_plan(faults) if faults is not None else (),
            "env_file": env_file,
            "simulate": simulate,
        }
        run(SandboxSettings.model_validate(settings))
    except OSError as error:
        _complain(str(error), "it needs free ports of this machine, and files that can be used")
        raise typer.Exit(ExitCode.USAGE) from error
    except ValueError as error:
        _complain(_words(error), "an option has a value that it cannot have; nothing was started")
        raise typer.Exit(ExitCode.USAGE) from error


def _words(error: ValueError) -> str:
    """Say which options are wrong, and how; a plan of faults says it itself."""
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return str(error)
    found = (("_".join(map(str, part["loc"])), part["msg"]) for part in error.errors())
    return "; ".join(
        f"--{name.replace('_', '-')}: {text.removeprefix('Value error, ')}" for name, text in found
    )


def _complain(
    what: str, why: str, fix: str = "correct the option; --port 0 takes free ports"
) -> None:
    tell(f"error: {' '.join(what.split())}", f"why: {why}", f"fix: {fix}")
