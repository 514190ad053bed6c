"""Removal of secrets from whatever may be shown: URLs, bodies and messages."""

from __future__ import annotations

import re

HIDDEN = "[hidden]"
_LOOKED_AT = 4096

# One alternation for every place where a name can mark its value as secret, as a part of a longer
# name as well: X-Amz-Signature, refresh_token, x-ms-api-key. Looking ahead settles where such a
# part stands once and for all: a name that repeats it a million times is not read a million times.
_NAMES = (
    r"(?:(?=[\w-]*(?:authorization|passw|passphrase|secret|token|credential|signature|assertion|"
    r"cookie|session[-_]?id|api[-_]?key|(?:access|account|private|subscription|secret|shared)"
    r"[-_]?key))[\w-]+|sig|se|sp|sv|skoid|code_verifier|pwd|key)"
)
_SENSITIVE_NAME = re.compile(rf"^{_NAMES}$", re.IGNORECASE)

# Every repetition below begins at a border, or is short: a megabyte of base64 takes linear time.
_USERINFO = re.compile(r"\b(?P<scheme>[a-z][a-z0-9+.-]{0,20}://)[^\s\"'<>]{0,1000}@", re.IGNORECASE)
_QUOTED = re.compile(
    rf"(?P<name>(?P<quote>\\?[\"']){_NAMES}(?P=quote)\s*:\s*)"
    r"(?:\\\"(?:(?!\\\")[\s\S])*(?:\\\"|$)|\"(?:[^\"\\]|\\.)*(?:\"|\\?$)|'(?:[^'\\]|\\.)*(?:'|\\?$)"
    r"|[^\s,}\]\"'\[{]+)",
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
_BEARER = re.compile(
    r"\b(?P<scheme>(?:bearer|negotiate|sharedkey|apikey)\s+)"
    r"(?!(?:auth\w*|credentials?|error|realm|tokens?)\b)[^\s\"',;<>]+",
    re.IGNORECASE,
)
_BASIC = re.compile(
    r"\b(?P<scheme>(?:basic|digest|token)\s+)(?=[^\s\"',;<>]*[\d=+/])[^\s\"',;<>]{8,}",
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
    text = _BEARER.sub(rf"\g<scheme>{HIDDEN}", text)
    text = _BASIC.sub(rf"\g<scheme>{HIDDEN}", text)
    return _JWT.sub(HIDDEN, text)


def beginning(content: bytes | str, most: int = 200) -> str:
    """Return the beginning of something foreign, on one line, for an error to quote.

    Args:
        content: A body, or any text of somebody else's.
        most: How many characters at most.
    """
    start = content[:_LOOKED_AT]
    text = start if isinstance(start, str) else start.decode("utf-8", "replace")
    # Redacted before it is cut, or a cut-off secret would no longer look like one.
    shown = " ".join(redact(text).split())
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


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


def is_secret_name(name: str) -> bool:
    """Say whether a header, parameter or key of this name holds a secret."""
    return _SENSITIVE_NAME.match(name) is not None
