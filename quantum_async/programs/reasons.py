"""What libraries say of a program, short enough to be read in an error."""

from __future__ import annotations

_LONGEST = 300
"""Characters that are shown: some libraries quote the whole program."""


def reason_of(said: object) -> str:
    """Say in one line what a library's error says.

    Args:
        said: The error, or its message.
    """
    # Qiskit's own errors show their message as Python would write it down.
    lines = str(getattr(said, "message", said)).strip().splitlines()
    line = lines[0] if lines else type(said).__name__
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."
