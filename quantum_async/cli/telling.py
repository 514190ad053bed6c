"""What the command line says on standard error, beside the results."""

from __future__ import annotations

import sys

INDENT = len("error: ")
"""Where the words of an error begin."""


def tell(*lines: str) -> None:
    """Write lines to standard error; on a terminal they are broken between words.

    Args:
        lines: What to say.
    """
    from rich.console import Console

    from quantum_async.display.lines import print_lines

    print_lines(Console(file=sys.stderr, highlight=False), *lines, indent=INDENT)
