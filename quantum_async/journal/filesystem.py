"""On which kind of file system a file lies: SQLite's locks do not hold on network drives."""

from __future__ import annotations

from pathlib import Path

from quantum_async.errors import JournalError
from quantum_async.models.advice import Advice, Setting

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
