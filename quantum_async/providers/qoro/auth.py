"""How the Qoro service is told who is asking: an API key, sent as a bearer token."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from quantum_async.errors import ConfigurationError
from quantum_async.http.auth import bearer, provided_auth

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantum_async.http.auth import Auth, TokenFunction, TokenProvider
    from quantum_async.http.redact import Secret

API_URL = "https://app.qoroquantum.net/api"
"""Where the service listens."""

KEY, URL, ACCOUNT = "QORO_API_KEY", "QUANTUM_ASYNC_QORO_URL", "QUANTUM_ASYNC_QORO_ACCOUNT"
OWN_KEY = "QUANTUM_ASYNC_QORO_API_KEY"


@dataclass(frozen=True, slots=True)
class QoroSettings:
    """What the environment says of the Qoro service.

    | variable                                     | meaning                                 |
    |----------------------------------------------|-----------------------------------------|
    | ``QUANTUM_ASYNC_QORO_API_KEY``, ``QORO_API_KEY`` | the API key                         |
    | ``QUANTUM_ASYNC_QORO_URL``                   | another address, such as the sandbox's  |
    | ``QUANTUM_ASYNC_QORO_ACCOUNT``               | which account, where there are several  |

    The process's environment alone counts: no ``.env`` file is searched for.
    """

    api_key: str = field(repr=False)
    url: str = API_URL
    account: str = ""

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> QoroSettings:
        """Read the variables; empty ones count as missing.

        Args:
            environ: Read instead of the process's environment.

        Raises:
            ConfigurationError: There is no API key.
        """
        given = os.environ if environ is None else environ
        found = {name: text for name, value in given.items() if (text := value.strip())}
        key = found.get(OWN_KEY) or found.get(KEY)
        if key is None:
            raise ConfigurationError(
                "the environment holds no API key of the Qoro service",
                provider="qoro",
                remedy=f"Set {KEY}.",
            )
        return cls(key, found.get(URL, API_URL), found.get(ACCOUNT, ""))


def credentials(
    api_key: str | Secret | None, token_provider: TokenProvider | TokenFunction | None
) -> Auth | None:
    """Make what proves who is asking; ``None`` where nothing was given.

    Args:
        api_key: The API key.
        token_provider: An object with ``get_token()`` or a function instead.

    Raises:
        ConfigurationError: Both were given, or the key cannot be put into a header.
    """
    if api_key is not None and token_provider is not None:
        raise ConfigurationError(
            "an API key and a token provider contradict each other",
            provider="qoro",
            remedy="Give one of them.",
        )
    if token_provider is not None:
        return provided_auth(token_provider)
    return bearer(api_key) if api_key is not None else None
