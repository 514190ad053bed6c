"""``quantum-async completion``: what teaches a shell the verbs, options and providers."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from quantum_async.cli.helping import Verb

PROGRAM = "quantum-async"
VARIABLE = "_QUANTUM_ASYNC_COMPLETE"

app: typer.Typer = typer.Typer()


class Shell(StrEnum):
    """The shells that can be taught."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"


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


def provider_names(incomplete: str) -> list[str]:
    """Complete the name of a provider; none of them is loaded for it."""
    from importlib.metadata import entry_points

    from quantum_async.providers.base import ENTRY_POINT_GROUP

    names = {entry.name for entry in entry_points(group=ENTRY_POINT_GROUP)}
    return sorted(name for name in names if name.startswith(incomplete))
