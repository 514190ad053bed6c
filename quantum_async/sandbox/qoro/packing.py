"""How the service packs and unpacks: programs, observables and histograms."""

from __future__ import annotations

import base64
import binascii
import gzip
import re
import zlib
from itertools import groupby
from typing import TYPE_CHECKING

from quantum_async.sandbox.exchange import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_GROUP = re.compile(r"@gzs(\d+):(.*)", re.DOTALL)
_LETTER = re.compile(r"([XYZ])(\d+)")
_NARROW = 255


def unpacked(text: object, what: str) -> str:
    """Unpack a program: gzip in base 64.

    Args:
        text: What was sent.
        what: What it is, for the refusal.

    Raises:
        Refusal: It is something else.
    """
    if not isinstance(text, str):
        raise Refusal(400, f"{what} is not text")
    try:
        return gzip.decompress(base64.b64decode(text, validate=True)).decode()
    except (binascii.Error, OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise Refusal(400, f"{what} is not gzip in base 64: {error}") from error


def observables_in(text: str) -> list[list[str]]:
    """Unpack groups of observables into dense words, whose first letter acts on qubit 0.

    Raises:
        Refusal: A group is malformed.
    """
    groups = []
    for part in text.split("|"):
        match = _GROUP.fullmatch(part)
        if match is None:
            groups.append(part.split(";"))
            continue
        width = int(match[1])
        sparse = unpacked(match[2], "a group of observables")
        groups.append([_dense(term, width) for term in sparse.split(";")])
    for group in groups:
        if any(not term or set(term) - set("IXYZ") for term in group):
            raise Refusal(400, "observables are words of I, X, Y and Z")
    return groups


def _dense(term: str, width: int) -> str:
    letters = ["I"] * width
    for letter, place in _LETTER.findall(term):
        if int(place) >= width:
            raise Refusal(400, f"{letter}{place} is outside {width} qubits")
        letters[int(place)] = letter
    return "".join(letters)


def filled(template: str, names: Sequence[str], values: Sequence[float]) -> str:
    """Put values into a template, the longest names first and never within a word."""
    if not names:
        return template
    ordered = sorted(names, key=len, reverse=True)
    found = dict(zip(names, values, strict=True))
    pattern = rf"(?<![A-Za-z0-9_])(?:{'|'.join(map(re.escape, ordered))})(?![A-Za-z0-9_])"
    return re.sub(pattern, lambda match: str(found[match.group()]), template)


def histogram(counts: Mapping[str, int], width: int) -> dict[str, str | int]:
    """Pack counts as results carry them."""
    rows = sorted((int(key, 2) if key else 0, count) for key, count in counts.items() if count)
    wide = width > _NARROW
    out = bytearray(b"QH2" if wide else b"QH1")
    out += _leb(width) if wide else bytes((width,))
    out += _leb(len(rows)) + _leb(sum(count for _, count in rows)) + _leb(len(rows))
    for (index, _), (last, _) in zip(rows, [(0, 0), *rows], strict=False):
        out += _leb(index - last)
    runs = [(once, len(list(same))) for once, same in groupby(count == 1 for _, count in rows)]
    bitmap = _leb(len(runs))
    if runs:
        bitmap += bytes((runs[0][0],)) + b"".join(_leb(length) for _, length in runs)
    extras = [count - 2 for _, count in rows if count != 1]
    out += _leb(len(bitmap)) + bitmap + _leb(len(extras)) + b"".join(map(_leb, extras))
    payload = base64.b64encode(out).decode()
    return {"encoding": "qh2" if wide else "qh1", "n_bits": width, "payload": payload}


def _leb(number: int) -> bytes:
    out = []
    while True:
        out.append((number & 0x7F) | (0x80 if number > 0x7F else 0))
        number >>= 7
        if not number:
            return bytes(out)
