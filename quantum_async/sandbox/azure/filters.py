"""Lists: filters, order and pages, in the grammar that clients write."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from quantum_async.sandbox.exchange import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import JsonValue

    from quantum_async.sandbox.exchange import Request

    Document = dict[str, JsonValue]
    Keeps = Callable[[Document], bool]

_FIELDS = {
    "name": "name",
    "itemtype": "itemType",
    "jobtype": "jobType",
    "providerid": "providerId",
    "target": "target",
    "state": "status",
    "creationtime": "creationTime",
}
_TEXT = r"'((?:[^']|'')*)'"
_STARTS = re.compile(rf"startswith\(\s*Name\s*,\s*{_TEXT}\s*\)", re.IGNORECASE)
_EQUALS = re.compile(rf"(\w+)\s+eq\s+{_TEXT}", re.IGNORECASE)
_DATE = re.compile(r"CreationTime\s+(ge|le)\s+(\d{4}-\d{2}-\d{2})", re.IGNORECASE)
_GROUP = re.compile(r"\(((?:[^()']|'(?:[^']|'')*')*)\)")
_BETWEEN = re.compile(r"\s+(and|or)\s+", re.IGNORECASE)
_LARGEST = 100


def listing(items: list[Document], request: Request) -> Document:
    """Write one page of a list.

    Args:
        items: All that there is.
        request: What is wanted of it.

    Raises:
        Refusal: The filter or the order cannot be understood.
    """
    query = {name: values[-1] for name, values in request.query.items()}
    keeps = _filter(query.get("filter", ""))
    kept = [item for item in items if keeps(item)]
    kept = _sorted(kept, query.get("orderby", "CreationTime asc"))
    skip, top = _number(query, "skip", 0), min(_number(query, "top", _LARGEST), _LARGEST)
    page: list[JsonValue] = list(kept[skip : skip + top])
    link = None
    if skip + top < len(kept):
        following = {**query, "top": str(top), "skip": str(skip + top)}
        link = f"{request.base_url}{request.path}?{urlencode(following)}"
    return {"value": page, "nextLink": link}


def _number(query: dict[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdigit():
        raise Refusal(400, f"{name} is not a number", "InvalidQueryParameter")
    return int(text)


def _sorted(items: list[Document], order: str) -> list[Document]:
    name, _, direction = order.partition(" ")
    field = _FIELDS.get(name.lower())
    if field is None or direction.lower() not in {"", "asc", "desc"}:
        raise Refusal(400, f"cannot order by {order!r}", "InvalidQueryParameter")
    return sorted(
        items, key=lambda item: str(item.get(field) or ""), reverse=direction.lower() == "desc"
    )


def _filter(text: str) -> Keeps:
    place = 0
    conditions: list[Keeps] = []
    while place < len(text):
        keeps, place = _condition(text, place)
        conditions.append(keeps)
        if place < len(text):
            link = _BETWEEN.match(text, place)
            if link is None or link[1].lower() != "and":
                raise _unreadable(text)
            place = link.end()
    return lambda item: all(keeps(item) for keeps in conditions)


def _condition(text: str, place: int) -> tuple[Keeps, int]:
    if match := _STARTS.match(text, place):
        prefix = match[1].replace("''", "'")
        return (lambda item: str(item.get("name") or "").startswith(prefix)), match.end()
    if match := _DATE.match(text, place):
        return _dated(match[1].lower(), match[2]), match.end()
    if match := _EQUALS.match(text, place):
        return _equal([(match[1], match[2])], text), match.end()
    if match := _GROUP.match(text, place):
        return _equal(_EQUALS.findall(match[1]), text), match.end()
    raise _unreadable(text)


def _dated(comparison: str, date: str) -> Keeps:
    def keeps(item: Document) -> bool:
        day = str(item.get("creationTime") or "")[:10]
        return day >= date if comparison == "ge" else day <= date

    return keeps


def _equal(pairs: list[tuple[str, str]], text: str) -> Keeps:
    fields = [(_FIELDS.get(name.lower()), value.replace("''", "'")) for name, value in pairs]
    if not fields or any(name is None for name, _ in fields):
        raise _unreadable(text)

    def keeps(item: Document) -> bool:
        return any(
            str(item.get(str(name)) or "").lower() == value.lower() for name, value in fields
        )

    return keeps


def _unreadable(text: str) -> Refusal:
    return Refusal(400, f"cannot read the filter {text!r}", "InvalidQueryParameter")
