"""Which journal a command means, and where it is if nobody names one."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path

from quantum_async.errors import JournalError
from quantum_async.http.redact import redact
from quantum_async.journal.sql import SqlJournal

PLACE = "QUANTUM_ASYNC_JOURNAL"


def default_place() -> Path:
    """Say where the journal is that nobody has named: in the data folder of this user."""
    return user_data_path("quantum-async", appauthor=False) / "jobs.db"


def place_of(journal: str | None) -> str:
    """Say which journal is meant: the one given, else the environment's, else the default one."""
    return journal or os.environ.get(PLACE) or str(default_place())


def made_ready(journal: str | None) -> str:
    """Say which journal is to be written, and make the default one readable for its user alone.

    Args:
        journal: A path or URL, or ``None``.

    Raises:
        JournalError: The folder or the file cannot be made.
    """
    place = place_of(journal)
    if place != str(default_place()):
        return place
    file = Path(place)
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # What is there may be older than this rule. Windows keeps data folders to their users.
        file.parent.chmod(0o700)
        os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
        file.chmod(0o600)
    except OSError as error:
        raise JournalError(
            f"the journal {file} cannot be made: {error.strerror or error}",
            accepted="no",
            remedy="Name another place with --journal FILE, or keep none with --no-journal.",
        ) from error
    return place


def existing(journal: str | None) -> SqlJournal:
    """Prepare to open a journal that has to be there already.

    Args:
        journal: A path or URL, or ``None`` for the usual place.

    Raises:
        JournalError: Nothing was ever written at the usual place.
    """
    place = place_of(journal)
    if place == str(default_place()) and not Path(place).exists():
        raise JournalError(
            f"there is no journal at {place}, nor is another one named",
            accepted="no",
            remedy="run and sweep write it, on a provider whose jobs go on without this process; "
            "--journal FILE names another one.",
        )
    return SqlJournal(place, clean=redact, must_exist=True)
