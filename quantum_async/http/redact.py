"""Removal of secrets from whatever may be shown: URLs, headers, bodies and messages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

HIDDEN = "[hidden]"

# One alternation for every place where a name can mark its value as secret. A prefix or suffix
# joined by a separator counts as well: X-Amz-Signature, refresh_token, x-ms-api-key.
_NAMES = (
    r"(?:[\w-]*(?:authorization|password|passwd|passphrase|secret|token|api[-_]?key|"
    r"access[-_]?key|account[-_]?key|private[-_]?key|subscription[-_]?key|credentials?|"
    r"signature|assertion|cookie|session[-_]?id)|sig|se|sp|sv|skoid|code_verifier|pwd|apikey|key)"
)
_SENSITIVE_NAME = re.compile(rf"^{_NAMES}$", re.IGNORECASE)

_USERINFO = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^/?#\s]*@", re.IGNORECASE)
_SCHEME_VALUE = re.compile(
    r"\b(?P<scheme>bearer|basic|digest|token|apikey|negotiate|sharedkey)(?P<gap>\s+)"
    r"(?!(?:error|realm|endpoint|provider|source|request|was|is|has|could|expired|invalid)\b)"
    r"[^\s\"',;<>]{6,}",
    re.IGNORECASE,
)
_QUOTED = re.compile(
    rf"(?P<name>(?P<quote>\\?[\"']){_NAMES}(?P=quote)\s*:\s*)"
    r"(?:\\?\"(?:[^\"\\]|\\.)*(?:\"|\\?$)|'(?:[^'\\]|\\.)*(?:'|\\?$)|[^\s,}\]\"'\[{]+)",
    re.IGNORECASE | re.DOTALL,
)
_ASSIGNED = re.compile(
    rf"(?P<name>(?<![\w-]){_NAMES}=)(?:\"[^\"]*\"?|'[^']*'?|[^&\s\"'<>#;]+)", re.IGNORECASE
)
_HEADER_LINE = re.compile(
    r"(?P<name>(?<![\w-])[\w-]*(?:authorization|cookie|api-?key|auth-token|access-token)\s*:\s*)"
    r"[^\r\n]+",
    re.IGNORECASE,
)
_JWT = re.compile(r"\beyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)*")


def redact(text: str) -> str:
    """Hide the secrets in a text: tokens, passwords, keys and signatures.

    Works on JSON, form data, header lines, URLs and prose that quotes any of them, also when the
    text was cut off in the middle.

    Args:
        text: What is going to be shown.
    """
    text = _USERINFO.sub(rf"\g<scheme>{HIDDEN}@", text)
    text = _QUOTED.sub(rf'\g<name>"{HIDDEN}"', text)
    text = _HEADER_LINE.sub(rf"\g<name>{HIDDEN}", text)
    text = _ASSIGNED.sub(rf"\g<name>{HIDDEN}", text)
    text = _SCHEME_VALUE.sub(rf"\g<scheme>\g<gap>{HIDDEN}", text)
    return _JWT.sub(HIDDEN, text)


def redact_url(url: str) -> str:
    """Hide user names, passwords and every query value of a URL, except harmless paging.

    A presigned link's query is a secret as a whole, whichever names its provider gave the parts.

    Args:
        url: An absolute or relative URL.
    """
    url, _, _ = url.partition("#")
    place, mark, query = url.partition("?")
    place = _USERINFO.sub(rf"\g<scheme>{HIDDEN}@", place)
    if not mark:
        return place
    return f"{place}?{'&'.join(_shown_parameter(part) for part in query.split('&'))}"


_SHOWN_PARAMETERS = frozenset(
    {"limit", "offset", "page", "per_page", "top", "skip", "status", "order_by", "api-version"}
)


def _shown_parameter(part: str) -> str:
    name, mark, _ = part.partition("=")
    if not mark:
        return HIDDEN
    return part if name.lower() in _SHOWN_PARAMETERS else f"{name}={HIDDEN}"


def redact_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Copy headers with the values of credentials hidden.

    Args:
        headers: Request or response headers.
    """
    return {
        name: HIDDEN if _SENSITIVE_NAME.match(name) else redact(value)
        for name, value in headers.items()
    }
