"""The tokens of OpenQASM, and what they tell before a library reads a program."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from quantum_async.errors import DeviceLimitError, ProgramSyntaxError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MOST_OPERATIONS = 1_000_000
"""Operations that definitions may be written out to; nesting makes them grow exponentially."""
MOST_BITS = 100_000
"""Qubits, and classical bits, that a program may declare; a library makes an object of each."""

_TOKEN = re.compile(
    r"""
    (?P<blank>\s+|//[^\n]*|/\*.*?\*/)
  | (?P<number>0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+
        |(?:\d[\d_]*\.[\d_]*|\.\d[\d_]*|\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?)
  | (?P<name>[^\W\d]\w*)
  | (?P<text>"[^"\n]*"|'[^'\n]*')
  | (?P<mark>->|==|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_DECLARING = frozenset({"qreg", "creg", "qubit", "bit"})
_CONTROLS = frozenset({"ctrl", "negctrl"})
_HUGE = 10**308


@dataclass(frozen=True, slots=True)
class Token:
    """A word, number or mark of a program.

    Args:
        kind: ``"name"``, ``"number"``, ``"text"`` or ``"mark"``.
        text: What stands there.
        start: Where, counted in characters from 0.
    """

    kind: str
    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Source:
    """A program's text.

    Args:
        text: The text.
        where: What it is called in errors.
        ours: How the text came to be, if it is not the program's own.
    """

    text: str
    where: str
    ours: Rewritten | None = None

    def error(
        self, message: str, start: int, remedy: str = "Correct the program there."
    ) -> ProgramSyntaxError:
        """Make the error of something that stands at a place, with the line that holds it.

        Args:
            message: What is wrong.
            start: Where, counted in characters from 0.
            remedy: What to do.
        """
        line = self.text.count("\n", 0, start) + 1
        column = start - self.text.rfind("\n", 0, start)
        if self.ours is not None:
            message, column = self.ours.message(message), self.ours.column(line, column)
        return ProgramSyntaxError(
            message, source=self.where, line=line, column=column, remedy=remedy
        )


def tokens(text: str) -> Iterator[Token]:
    """Take a program apart, blanks and comments left out.

    Args:
        text: OpenQASM 2 or 3.
    """
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        if kind != "blank":
            yield Token(kind, match.group(), match.start())


def check_sizes(source: Source, found: Iterable[Token]) -> None:
    """Refuse what no machine could hold or count before a library makes objects of it.

    Args:
        source: The program.
        found: Its tokens.

    Raises:
        DeviceLimitError: It declares more qubits or bits than can be.
        ProgramSyntaxError: A number is not finite, or counts what cannot be so many.
    """
    words = list(found)
    declared = dict.fromkeys(_DECLARING, 0)
    for place, token in enumerate(words):
        if token.kind == "number" and not math.isfinite(_number(token.text)):
            shown = token.text if len(token.text) <= 24 else f"{token.text[:20]}..."
            raise source.error(f"the number {shown} is not finite", token.start)
        if token.text == "(" and place and words[place - 1].text in _CONTROLS:
            if max(_within(words, place, ")"), default=0) > MOST_BITS:
                raise source.error("there are not so many qubits to control by", token.start)
        elif token.text == "[" and place:
            numbers = _within(words, place, "]")
            keyword = _declaring(words, place)
            if keyword:
                # Numbers may be added and multiplied here: no sum or product is larger.
                declared[keyword] += math.prod(n + (len(numbers) > 1) for n in numbers)
                _check_declared(source, token, keyword, declared[keyword])
            elif max(numbers, default=0) >= 1 << 63:
                raise source.error("the index is larger than any register", token.start)


def _check_declared(source: Source, token: Token, keyword: str, many: int) -> None:
    if many > MOST_BITS:
        what = "qubits" if keyword.startswith("q") else "classical bits"
        line = source.text.count("\n", 0, token.start) + 1
        shown = str(many) if many < 10**24 else f"over 10^{math.floor(math.log10(many))}"
        raise DeviceLimitError(
            f"{source.where}:{line}: {shown} {what} are declared, and at most {MOST_BITS} are read",
            remedy="Declare as many as are used.",
        )


def _number(text: str) -> float:
    whole = _whole(text)
    return float(text.replace("_", "")) if whole is None else whole if whole < _HUGE else math.inf


def _whole(text: str) -> int | None:
    plain = text.replace("_", "")
    if plain.isdecimal():
        # Python refuses to read thousands of digits, and nothing counts so far.
        return int(plain[:400])
    return int(plain, 0) if plain[:2].lower() in {"0x", "0o", "0b"} and plain[2:] else None


def _within(words: list[Token], opening: int, closing: str) -> list[int]:
    """Collect the whole numbers within brackets; a power of two counts as too large."""
    numbers: list[int] = []
    for place in range(opening + 1, min(opening + 40, len(words))):
        text = words[place].text
        if text == closing:
            break
        if text in {"*", "<"} and words[place - 1].text == text:
            return [1 << 63]
        if words[place].kind == "number" and (whole := _whole(text)) is not None:
            numbers.append(whole)
    return numbers


def _declaring(words: list[Token], opening: int) -> str:
    """Name the keyword of a declaration whose size begins here: ``qreg q[`` or ``qubit[``."""
    for back in (1, 2):
        if opening >= back and words[opening - back].text in _DECLARING:
            return words[opening - back].text
    return ""


def check_growth(source: Source, words: Sequence[Token]) -> None:
    """Refuse definitions that would be written out to more operations than can be.

    Each level that calls the one before twice doubles them, so a short text may mean any number.

    Args:
        source: The program.
        words: Its tokens.

    Raises:
        ProgramSyntaxError: At the call that makes them so many.
    """
    sizes: dict[str, int] = {}
    total, depth, defined = 0, 0, ""
    for before, token in pairwise(words):
        depth += (token.text == "{") - (token.text == "}")
        if before.text == "gate" and token.kind == "name":
            defined, sizes[token.text] = token.text, 0
        elif defined and not depth and token.text == "}":
            defined = ""
        elif token.text in sizes and (depth or not defined):
            if defined:
                sizes[defined] += sizes[token.text]
            else:
                total += sizes[token.text]
            # Some readers write a definition out even where nothing calls it.
            if max(total, sizes.get(defined, 0)) > MOST_OPERATIONS:
                raise source.error(
                    f"{token.text!r} and the definitions before it are written out to more than "
                    f"{MOST_OPERATIONS:,} operations",
                    token.start,
                    "Repeat less, or run it in parts.",
                )
        elif defined and depth and token.text == ";":
            sizes[defined] += 1


def registers_in(words: Sequence[Token]) -> list[str]:
    """Name the classical registers that a program declares, in their order.

    Args:
        words: Its tokens.
    """
    names = []
    for place, token in enumerate(words[:-1]):
        if token.text == "creg":
            names.append(words[place + 1].text)
        elif token.text == "bit" and words[place + 1].text == "[":
            names += [word.text for word in words[place + 1 : place + 40] if word.kind == "name"][
                :1
            ]
    return names


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A program as it is given to a library.

    Args:
        text: What the library reads.
        names: From names of ours in it to the program's.
        edits: Where text was replaced: the line, the column that begins it, and by how many
            characters the line grew there.
        before: What it was rewritten from, if not from the program itself.
    """

    text: str
    names: dict[str, str]
    edits: tuple[tuple[int, int, int], ...] = ()
    before: Rewritten | None = None

    def rewritten(
        self, edits: Iterable[tuple[int, int, str]], names: dict[str, str] | None = None
    ) -> Rewritten:
        """Replace parts of the text.

        Args:
            edits: Where each part begins and ends, and what comes instead.
            names: Names that are new in it, and those that they stand for.
        """
        done, line, parts, places = 0, 1, [], []
        for start, stop, instead in sorted(edits):
            line += self.text.count("\n", done, start)
            column = start - self.text.rfind("\n", 0, start)
            # Lines keep their numbers.
            lines = self.text.count("\n", start, stop)
            places.append((line, column, 0 if lines else len(instead) - (stop - start)))
            parts += [self.text[done:start], instead, "\n" * lines]
            done = stop
            line += lines
        if not places:
            return self
        text = "".join([*parts, self.text[done:]])
        return Rewritten(text, {**self.names, **(names or {})}, tuple(places), self)

    def column(self, line: int, column: int) -> int:
        """Translate a column of `text` to one of the program, both counted from 1.

        Args:
            line: The line, counted from 1.
            column: The column in `text`.
        """
        for at, start, growth in self.edits:
            if at == line and start < column:
                column = max(start, column - growth)
        return column if self.before is None else self.before.column(line, column)

    def message(self, message: str) -> str:
        """Put the program's names back into a message."""
        for ours, theirs in self.names.items():
            message = re.sub(rf"\b{ours}\b", theirs.replace("\\", r"\\"), message)
        return message


def renamed(text: str, found: Iterable[Token]) -> Rewritten:
    """Give every gate that a program defines, and its angles, names that nothing else has.

    A gate's name is replaced from its definition on, in all its uses alike, so that the program
    means what it meant. A later definition of the same name begins another gate. The angles of a
    definition are replaced within it: the importer of OpenQASM 3 confuses them with others of
    the same names.

    Args:
        text: The program.
        found: Its tokens.
    """
    words = list(found)
    as_it_is = Rewritten(text, {})
    if not any(token.text == "gate" for token in words):
        return as_it_is
    naming = _Naming(words)
    edits = [
        (token.start, token.start + len(token.text), ours)
        for token in words
        if (ours := naming.instead(token)) is not None
    ]
    return as_it_is.rewritten(edits, naming.theirs)


class _Naming:
    """What each name of a program is called instead, token by token."""

    def __init__(self, words: list[Token]) -> None:
        taken = {token.text for token in words}
        self._stems = [self._free(stem, taken) for stem in ("gate_", "angle_")]
        self._gates: dict[str, str] = {}
        self._angles: dict[str, str] = {}
        self.theirs: dict[str, str] = {}
        self._depth = 0
        # Where in a definition we are: its name comes next, its head, its body, or nowhere.
        self._part = ""

    @staticmethod
    def _free(stem: str, taken: set[str]) -> str:
        while any(word.startswith(stem) for word in taken):
            stem += "_"
        return stem

    def instead(self, token: Token) -> str | None:
        """Say what stands instead of a token; ``None`` if it stays."""
        text = token.text
        if token.kind == "mark":
            self._depth += (text == "(") - (text == ")")
            if self._part == "head" and text == "{":
                self._part = "body"
            elif self._part == "body" and text == "}":
                self._part, self._angles = "", {}
        if token.kind != "name":
            return None
        if self._part == "name":
            self._part = "head"
            self._gates[text] = self._new(text, self._stems[0])
        elif text == "gate" and not self._part:
            self._part = "name"
        elif self._part == "head" and self._depth and text not in self._angles:
            self._angles[text] = self._new(text, self._stems[1])
        if self._depth and text in self._angles:
            return self._angles[text]
        return self._gates.get(text)

    def _new(self, theirs: str, stem: str) -> str:
        ours = f"{stem}{len(self.theirs)}"
        self.theirs[ours] = theirs
        return ours


def declared(words: Sequence[Token]) -> frozenset[str]:
    """Name the registers, and the gates without a body, that an OpenQASM 2 program declares.

    Args:
        words: Its tokens.
    """
    return frozenset(
        word.text
        for before, word in pairwise(words)
        if before.text in {"qreg", "creg", "opaque"} and word.kind == "name"
    )


def older_declarations(program: Rewritten) -> Rewritten:
    """Write ``qubit[2] q;`` as ``qreg q[2];``: some tools mix the two versions of the language.

    Args:
        program: OpenQASM 2.
    """
    words = list(tokens(program.text))
    edits = []
    for place, token in enumerate(words):
        keyword = {"qubit": "qreg", "bit": "creg"}.get(token.text)
        if keyword is None or (place and words[place - 1].text not in {";", "}"}):
            continue
        shown = [word.text for word in words[place + 1 : place + 6]]
        if shown[1:2] == [";"]:
            last, text = place + 1, f"{keyword} {shown[0]}[1]"
        elif shown[:1] == ["["] and shown[2:3] == ["]"] and shown[4:5] == [";"]:
            last, text = place + 4, f"{keyword} {shown[3]}[{shown[1]}]"
        else:
            continue
        edits.append((token.start, words[last].start + len(words[last].text), text))
    return program.rewritten(edits)
