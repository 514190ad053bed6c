"""The exit codes of the command line."""

from __future__ import annotations

from enum import IntEnum

from quantum_async.errors import (
    AuthenticationError,
    ConfigurationError,
    InvalidInputError,
    WaitTimeoutError,
)


class ExitCode(IntEnum):
    """How a command ended."""

    OK = 0
    FAILED = 1
    USAGE = 2
    CREDENTIALS = 3
    TIMEOUT = 4
    INTERRUPTED = 130


_BY_CAUSE = (
    ((AuthenticationError,), ExitCode.CREDENTIALS),
    ((InvalidInputError, ConfigurationError), ExitCode.USAGE),
    ((WaitTimeoutError, TimeoutError), ExitCode.TIMEOUT),
    ((KeyboardInterrupt,), ExitCode.INTERRUPTED),
)


def exit_code(error: BaseException) -> ExitCode:
    """Say how a command ends that met an error.

    Args:
        error: The error; a group counts as what all of its members count as, else as failed.
    """
    if isinstance(error, BaseExceptionGroup):
        codes = {exit_code(member) for member in error.exceptions}
        return codes.pop() if len(codes) == 1 else ExitCode.FAILED
    return next((code for kinds, code in _BY_CAUSE if isinstance(error, kinds)), ExitCode.FAILED)
