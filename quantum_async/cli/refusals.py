"""Mistakes on the command line in the same three lines as every other error."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from quantum_async.cli.codes import ExitCode
from quantum_async.cli.telling import tell

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
                from quantum_async.cli.complaints import Complaint, error_document
                from quantum_async.cli.documents import dump

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
