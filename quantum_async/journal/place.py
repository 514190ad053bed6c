"""Where a journal is: a file or a database's URL, and how either is shown without secrets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from quantum_async.errors import ConfigurationError, MissingExtraError

if TYPE_CHECKING:
    from sqlalchemy import URL


@dataclass(frozen=True, slots=True)
class JournalPlace:
    """A place for a journal.

    Args:
        url: The database, with the driver that this package uses.
        file: The file, where it is SQLite.
    """

    url: URL
    file: Path | None = None

    @classmethod
    def parse(cls, place: str | Path) -> Self:
        """Read a path, or a URL that begins with ``sqlite://`` or ``postgresql://``.

        Raises:
            ConfigurationError: It is neither.
            MissingExtraError: PostgreSQL's driver is not installed.
        """
        from sqlalchemy import URL, make_url
        from sqlalchemy.exc import ArgumentError

        text = str(place)
        if "://" not in text:
            file = Path(text).expanduser().absolute()
            return cls(URL.create("sqlite", database=str(file)), file)
        try:
            url = make_url(text)
        except ArgumentError:
            raise _unusable(text.partition("://")[0]) from None
        kind = url.get_backend_name()
        if kind == "sqlite" and url.database:
            return cls.parse(url.database)
        if kind in {"postgresql", "postgres"}:
            _need_driver()
            return cls(url.set(drivername="postgresql+psycopg"))
        raise _unusable(kind)

    @property
    def shown(self) -> str:
        """The place without user name, password and options: safe to print and to pickle."""
        if self.file is not None:
            return str(self.file)
        port = f":{self.url.port}" if self.url.port else ""
        return f"postgresql://{self.url.host or ''}{port}/{self.url.database or ''}"


def _unusable(kind: str) -> ConfigurationError:
    return ConfigurationError(
        f"a journal cannot be kept in {kind!r}",
        remedy="Give a file such as 'jobs.db', or a URL postgresql://user@host/database.",
    )


def _need_driver() -> None:
    from importlib.util import find_spec

    if find_spec("psycopg") is None:
        raise MissingExtraError("psycopg", extra="postgres")
