"""Trust stores: one TLS context for each in a process, made on first use."""

from __future__ import annotations

import ssl
import threading
from pathlib import Path

from quantum_async.errors import ConfigurationError

Trust = ssl.SSLContext | Path | str | None
"""Whom to trust: a context of your own, a file or directory of PEM certificates, or the system."""

_contexts: dict[str, ssl.SSLContext] = {}
_making = threading.Lock()


def tls_context(trust: Trust = None) -> ssl.SSLContext:
    """Return the context for a trust store, making it on first use.

    Making one reads hundreds of certificates and takes about 20 ms: call this in a worker thread.

    Args:
        trust: A context, which is returned as it is; a file or directory of certificates that
            replaces the system's; or `None` for the system's store, as ``SSL_CERT_FILE`` and
            ``SSL_CERT_DIR`` describe it, with certifi's where the system has none.

    Raises:
        ConfigurationError: The file or directory cannot be read or holds no certificate.
    """
    if isinstance(trust, ssl.SSLContext):
        return trust
    key = "" if trust is None else str(trust)
    with _making:
        if key not in _contexts:
            _contexts[key] = _system_context() if not key else _context_for(Path(key))
        return _contexts[key]


def _context_for(place: Path) -> ssl.SSLContext:
    try:
        if place.is_dir():
            return ssl.create_default_context(capath=place)
        return ssl.create_default_context(cafile=place)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"no certificates can be read from {place}: {error}",
            remedy="Name a file of PEM certificates, or a directory that c_rehash prepared.",
        ) from error


def _system_context() -> ssl.SSLContext:
    paths = ssl.get_default_verify_paths()
    if paths.cafile or paths.capath:
        return ssl.create_default_context()
    import certifi

    return ssl.create_default_context(cafile=certifi.where())
