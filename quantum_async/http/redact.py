"""Removal of secrets from whatever may be shown: URLs, bodies and messages.

Two ways, because neither is enough. What *looks* like a secret is hidden by its shape: the value of
a telling name, a bearer token. What an open session *knows* to be one, because it has sent it or was
given it, is hidden wherever it stands, in whatever spelling an answer quotes it. Results, ids and
links are nobody's to change: only what is shown passes through here.
"""

from __future__ import annotations

import base64
import json
import re
import weakref
from collections import OrderedDict
from functools import cached_property, lru_cache
from html.entities import codepoint2name
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import parse_qsl

from quantum_async.errors import ConfigurationError, QuantumAsyncError

if TYPE_CHECKING:
    from collections.abc import Iterator

HIDDEN = "[hidden]"
SHORT = 8
"""Characters below which a secret is hidden only where it is a whole word."""
_LOOKED_AT = 4096
_KEPT = 64

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


class Secret:
    """A string that nobody may read, on its way to where it is used: opened in the last frame.

    Neither its `repr` nor a traceback with variables shows it, and it cannot be pickled.

    Args:
        value: A password, a key or a token.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    @classmethod
    def of(cls, value: str | Secret | None) -> Secret | None:
        """Wrap what may be wrapped already, or missing."""
        return cls(value) if isinstance(value, str) else value

    def reveal(self) -> str:
        """Return the string itself."""
        return self._value

    def __repr__(self) -> str:
        return HIDDEN

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise unpicklable("a secret")


def unpicklable(what: str) -> ConfigurationError:
    """Make the error of pickling something that holds secrets.

    Args:
        what: What was to be pickled.
    """
    return ConfigurationError(
        f"{what} holds credentials and cannot be pickled",
        remedy="Build the client in the worker, from its own environment: from_env().",
    )


class Headers(dict[str, str]):
    """Headers that no traceback with variables shows the values of."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self)})"

    def __rich_repr__(self) -> Iterator[str]:
        yield from self

    def __reduce__(self) -> NoReturn:
        raise unpicklable("a request")


class Secrets:
    """The strings that a session knows and nobody may read, hidden for as long as it is open."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, _Spelt] = OrderedDict()

    def open(self) -> None:
        """Begin to hide them, in all that this process shows."""
        key = id(self)
        _open[key] = weakref.ref(self, lambda _: _open.pop(key, None))

    def close(self) -> None:
        """Hide them no more: nothing that is shown afterwards comes from an answer."""
        _open.pop(id(self), None)

    def add(self, value: str | Secret) -> None:
        """Know one more; of a great many, those are known that were added last, or again.

        Args:
            value: The string.
        """
        text = (value if isinstance(value, str) else value.reveal()).strip()
        if text in self._known:
            self._known.move_to_end(text)
        elif text:
            self._known[text] = _Spelt(text)
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)

    def add_signature(self, url: str) -> None:
        """Know what signs a link."""
        for name, value in parse_qsl(url.partition("#")[0].partition("?")[2]):
            # What is short there says until when, or for what, a signature holds.
            if len(value) >= SHORT and is_secret_name(name) and name.lower() not in _DATES:
                self.add(value)

    def __reduce__(self) -> NoReturn:
        raise unpicklable("a session")

    def __iter__(self) -> Iterator[_Spelt]:
        # A copy made at once: another thread may add to it.
        return iter(tuple(self._known.values()))


_DATES = frozenset({"se", "sp", "sv"})
_open: dict[int, weakref.ref[Secrets]] = {}


def hide(text: str, least: int = 0) -> str:
    """Hide what an open session knows to be a secret, in whatever spelling it is quoted.

    Percent-encoded, as of a form, in base 64 (within a user name and password as well), with the
    escapes of JSON and the entities of HTML. A short secret is hidden where it is a whole word.

    Args:
        text: What is going to be shown.
        least: How long a secret must be to count.
    """
    if not text:
        return text
    spans: list[tuple[int, int]] = []
    for reference in tuple(_open.values()):
        for spelt in reference() or ():
            if spelt.length >= least:
                spans += spelt.within(text)
    if not spans:
        return text
    parts: list[str] = []
    end = 0
    for start, stop in sorted(spans):
        if start >= end:
            parts += (text[end:start], HIDDEN)
        end = max(end, stop)
    return "".join((*parts, text[end:]))


def _hide_long(text: str) -> str:
    # A short one may as well be a word of ours.
    return hide(text, SHORT)


# Whatever an error says has passed here, whoever has raised it.
QuantumAsyncError.hiding(_hide_long)


class _Spelt:
    """A secret, and how it may be spelt.

    Args:
        value: The secret.
    """

    def __init__(self, value: str) -> None:
        self._value = value
        self.length = len(value)

    def within(self, text: str) -> Iterator[tuple[int, int]]:
        """Find where a text holds it: from where to where."""
        # Searching for a plain part of it costs nothing beside what an error costs.
        if self._plain in text:
            yield from (found.span() for found in self._pattern.finditer(text))
        if self.length >= SHORT:
            yield from self._cut_off(text)
        if any(part in text for part in self._packed):
            for found in self._packed_pattern.finditer(text):
                yield _word_around(text, *found.span())

    def _cut_off(self, text: str) -> Iterator[tuple[int, int]]:
        """Find its beginning at the end of a text that was cut off."""
        start = text.rfind(self._value[:SHORT])
        if start >= 0 and self._value.startswith(text[start:].rstrip(".… \"')]}>")):
            yield start, len(text)

    @cached_property
    def _plain(self) -> str:
        return _longest(self._value)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        spelt = "".join(map(_spelling, self._value))
        return re.compile(_as_word(spelt) if self.length < SHORT else spelt)

    @cached_property
    def _cores(self) -> tuple[str, ...]:
        """What is the same in every base 64 of something that it is a part of."""
        content = self._value.encode("utf-8", "replace")
        if self.length < SHORT:
            return (base64.b64encode(content).decode().rstrip("="),) if self.length > 2 else ()
        cores = []
        for offset in range(3):
            packed = base64.b64encode(bytes(offset) + content).decode()
            cores.append(packed[-(-8 * offset // 6) : 8 * (offset + len(content)) // 6])
        return tuple(cores)

    @cached_property
    def _packed(self) -> tuple[str, ...]:
        return tuple(map(_longest, self._cores))

    @cached_property
    def _packed_pattern(self) -> re.Pattern[str]:
        spelt = ["".join(map(_spelling_of_base64, core)) for core in self._cores]
        return re.compile("|".join(map(_as_word, spelt) if self.length < SHORT else spelt))


def _longest(value: str) -> str:
    """Return the longest part that every encoding leaves as it is."""
    return max(re.findall(r"[A-Za-z0-9]+", value), key=len, default="")


def _as_word(spelt: str) -> str:
    return rf"(?<![\w-])(?:{spelt})(?![\w-])"


@lru_cache(256)
def _spelling(character: str) -> str:
    """Return a pattern of the ways in which a character is written in answers."""
    if character.isascii() and character.isalnum():
        return character
    code = ord(character)
    content = character.encode("utf-8", "surrogatepass")
    percent = "".join(f"%(?:25)*{byte:02x}" for byte in content)
    wide = character.encode("utf-16-be", "surrogatepass")
    units = "".join(rf"\\+u{wide[i : i + 2].hex()}" for i in range(0, len(wide), 2))
    names = [name for name in (codepoint2name.get(code), "apos" if code == 39 else None) if name]
    entity = "|".join((*names, rf"#0*{code}", rf"#x0*{code:x}"))
    escaped = json.dumps(character)[1:-1]
    ways = [rf"(?i:{percent}|{units}|&(?:amp;)*(?:{entity});)"]
    if character == "\\":
        ways.append(r"\\+")
    elif character in "\"'/":
        ways.append(rf"\\+{character}")
    elif len(escaped) == 2:
        ways.append(rf"\\+{escaped[1]}")
    if character == " ":
        ways.append(r"\+")
    return f"(?:{'|'.join((*ways, re.escape(character)))})"


def _spelling_of_base64(character: str) -> str:
    other = {"+": "-", "/": "_"}.get(character)
    return f"(?:{_spelling(character)}|{other})" if other else character


_BASE64 = re.compile(r"[A-Za-z0-9+/_-]*=*")


def _word_around(text: str, start: int, stop: int) -> tuple[int, int]:
    """Widen what was found to all of the word in base 64 that it is in."""
    while start > 0 and _BASE64.fullmatch(text[start - 1]):
        start -= 1
    rest = _BASE64.match(text, stop)
    return start, rest.end() if rest is not None else stop


def redact(text: str) -> str:
    """Hide the secrets in a text: tokens, passwords, keys and signatures.

    Works on JSON, form data, header lines, URLs and prose that quotes any of them, also when the
    text was cut off in the middle.

    Args:
        text: What is going to be shown.
    """
    text = _USERINFO.sub(rf"\g<scheme>{HIDDEN}@", hide(text))
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
