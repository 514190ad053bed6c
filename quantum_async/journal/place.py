"""Where a journal is, and what its file system can be trusted with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from quantum_async.errors import ConfigurationError, JournalError, MissingExtraError
from quantum_async.models.advice import Advice, Setting

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


MOUNTS = Path("/proc/mounts")
NETWORK = frozenset(
    """
    9p afpfs afs beegfs ceph cifs coda fuse.beegfs fuse.ceph fuse.glusterfs fuse.gcsfuse
    fuse.rclone fuse.s3fs fuse.sshfs glusterfs gpfs lustre ncpfs nfs nfs4 ocfs2
    orangefs panfs pvfs2 smb smb2 smb3 smbfs webdav davfs fuse.davfs2 wekafs
    """.split()
)


def refuse_network(path: Path, mounts: Path = MOUNTS) -> None:
    """Refuse a place on a network file system.

    Args:
        path: The database's file, which need not exist.
        mounts: The table of mounted file systems; where there is none, nothing is refused.

    Raises:
        JournalError: The file would lie on a network drive.
    """
    kind = kind_of(path, mounts)
    if kind in NETWORK:
        raise JournalError(
            f"{path} lies on a network file system ({kind}), where SQLite can lose records",
            remedy=Advice(
                "Put the journal on a local disk, or use PostgreSQL: ",
                Setting("journal", "postgresql://..."),
            ),
        )


def kind_of(path: Path, mounts: Path = MOUNTS) -> str | None:
    """Name the file system that a path lies on, or ``None`` where that cannot be found out."""
    try:
        table = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    place = path.absolute().resolve()
    found: tuple[int, str] | None = None
    for line in table:
        parts = line.split()
        if len(parts) < 3:
            continue
        point = Path(_unescaped(parts[1]))
        # Of equal mount points the later one covers the earlier.
        if place.is_relative_to(point) and (found is None or len(point.parts) >= found[0]):
            found = (len(point.parts), parts[2])
    return found[1] if found else None


def _unescaped(text: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, character)
    return text
