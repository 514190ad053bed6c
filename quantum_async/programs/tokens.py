"""OpenQASM before a library reads it: its tokens, its angles, and names where numbers stand."""

from __future__ import annotations

import math
import operator
import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

from quantum_async.errors import DeviceLimitError, ProgramSyntaxError, UnboundParametersError
from quantum_async.models.program import ProgramFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from qiskit import QuantumCircuit

    from quantum_async.models.grid import Value
    from quantum_async.models.program import Program


_DEEPEST = 100
"""Levels of brackets in an angle; a program from elsewhere must not exhaust the stack."""
_NUMBER = r"(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?"
_BINARY: dict[str, tuple[int, Callable[[Any, Any], Any]]] = {
    "+": (1, operator.add),
    "-": (1, operator.sub),
    "*": (2, operator.mul),
    "/": (2, operator.truediv),
    "^": (4, operator.pow),
}
_SIGN = 3
"""A sign binds less than a power and more than a product, as in Qiskit's reader."""
_FUNCTIONS: dict[str, tuple[str, Callable[[float], float]]] = {
    "sin": ("sin", math.sin),
    "cos": ("cos", math.cos),
    "tan": ("tan", math.tan),
    "asin": ("arcsin", math.asin),
    "acos": ("arccos", math.acos),
    "atan": ("arctan", math.atan),
    "exp": ("exp", math.exp),
    "ln": ("log", math.log),
}

RESERVED = frozenset({"pi", "sqrt", *_FUNCTIONS})
"""Words of the language in an angle, which stand for nothing else."""

# A value is a number, or one of Qiskit's expressions, which are `Any`: Qiskit has no types.


def whole_words(names: Iterable[str]) -> str:
    """Write a pattern that finds names: the longest first, never in a word.

    Args:
        names: What to find, such as ``theta`` or ``w[2]``.
    """
    words = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    return rf"(?<![A-Za-z0-9_])(?:{words})(?![A-Za-z0-9_])"


def angle_value(source: Source, start: int, stop: int, names: Mapping[str, Any]) -> Any:
    """Compute an angle.

    Args:
        source: The text that holds it.
        start: Where it begins.
        stop: Where it ends.
        names: Numbers or expressions by name.

    Returns:
        A number, or an expression of Qiskit's.

    Raises:
        ProgramSyntaxError: It is malformed, or no finite number.
    """
    reader = _Reader(source, start, stop, names)
    try:
        value = reader.value(0, 0)
        reader.expect("")
        # A root of a negative number is complex in Python.
        if not hasattr(value, "parameters") and not math.isfinite(value):
            raise OverflowError
    except ProgramSyntaxError:
        raise
    except (ArithmeticError, ValueError, TypeError, RuntimeError) as error:
        raise source.error("the angle is no finite number", start) from error
    return value


@lru_cache
def _pattern(names: frozenset[str]) -> re.Pattern[str]:
    named = rf"(?P<given>{whole_words(names)})|" if names else ""
    return re.compile(
        rf"\s+|//[^\n]*|{named}(?P<number>{_NUMBER})|(?P<word>[^\W\d]\w*)|(?P<mark>.)"
    )


class _Reader:
    def __init__(self, source: Source, start: int, stop: int, names: Mapping[str, Any]) -> None:
        self._source = source
        self._names = names
        self._stop = stop
        matches = _pattern(frozenset(names)).finditer(source.text, start, stop)
        self._words = [match for match in matches if match.lastgroup]
        self._place = 0

    def value(self, power: int, depth: int) -> Any:
        """Compute what follows, up to an operator that binds less than `power`."""
        if depth > _DEEPEST:
            raise self._source.error("the angle is nested too deeply", self._at)
        left = self._operand(depth + 1)
        while (known := _BINARY.get(self._text)) and known[0] > power:
            is_power = self._text == "^"
            self._place += 1
            left = known[1](left, self.value(known[0] - is_power, depth + 1))
        return left

    def expect(self, text: str) -> None:
        if self._text != text:
            shown = repr(self._text) if self._text else "the end of the angle"
            raise self._source.error(f"unexpected {shown} in an angle", self._at)
        self._place += 1

    def _operand(self, depth: int) -> Any:
        text, kind = self._text, self._kind
        if text in {"+", "-"}:
            self._place += 1
            value = self.value(_SIGN, depth)
            return -value if text == "-" else value
        if text == "(":
            return self._bracketed(depth)
        if kind == "word" and text in RESERVED - {"pi"}:
            self._place += 1
            return _applied(text, self._bracketed(depth))
        if kind in {"number", "given"} or text == "pi":
            self._place += 1
            if kind == "given":
                return self._names[text]
            return math.pi if kind == "word" else float(text)
        self.expect("a number" if kind is None else "")
        return None

    def _bracketed(self, depth: int) -> Any:
        self.expect("(")
        value = self.value(0, depth)
        self.expect(")")
        return value

    @property
    def _at(self) -> int:
        return self._words[self._place].start() if self._place < len(self._words) else self._stop

    @property
    def _text(self) -> str:
        return self._words[self._place].group() if self._place < len(self._words) else ""

    @property
    def _kind(self) -> str | None:
        return self._words[self._place].lastgroup if self._place < len(self._words) else None


def _applied(name: str, value: Any) -> Any:
    if name == "sqrt":
        return value**0.5
    theirs, function = _FUNCTIONS[name]
    return getattr(value, theirs)() if hasattr(value, "parameters") else function(value)


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


_FIRST, _STEP = 2.0**900, 2.0**860
"""The numbers that stand for angles: no angle is so large."""
_MOST = 10_000
"""Lists of angles that the program's own gates are written out for."""

Shape: TypeAlias = tuple[tuple[str, int | None], ...]
"""The names that stand for numbers, and for lists their lengths."""

# Expressions of Qiskit are `Any`, because Qiskit has no types.


def shape_of(program: Program, variables: Mapping[str, Value]) -> Shape:
    """Tell what a program's reading depends on: the names, and the lengths of lists.

    Args:
        program: The program; other formats than OpenQASM 2 declare their parameters.
        variables: Values by name.
    """
    if program.format is not ProgramFormat.QASM2:
        return ()
    return tuple(
        (name, len(value) if isinstance(value, list | tuple) else None)
        for name, value in sorted(variables.items())
        # A variable that is called so changes nothing, and is refused as one that nothing needs.
        if name not in RESERVED
    )


class Naming:
    """The names that are left open in a text, and what stands for them.

    Args:
        shape: The names, and the lengths of lists: element 2 of ``w`` is written ``w[2]``.
    """

    def __init__(self, shape: Shape) -> None:
        from qiskit.circuit import Parameter, ParameterVector

        self.names: dict[str, Any] = {}
        self._lists: list[str] = []
        for name, length in shape:
            if length is None:
                self.names[name] = Parameter(name)
            else:
                elements = {element.name: element for element in ParameterVector(name, length)}
                self.names.update(elements)
                self._lists += elements
        self._numbers: dict[str, str] = {}
        self._expressions: dict[float, Any] = {}

    def number(self, value: Any) -> str:
        """Write an angle as a number.

        Args:
            value: A number, or an expression.
        """
        if not hasattr(value, "parameters"):
            return repr(float(value))
        found = self._numbers.get(str(value))
        if found is None:
            number = _FIRST + len(self._numbers) * _STEP
            found = self._numbers[str(value)] = repr(number)
            self._expressions[number] = value
        return found

    def named(self, circuit: QuantumCircuit, where: str) -> QuantumCircuit:
        """Put the expressions into a circuit of standard operations.

        Args:
            circuit: The circuit.
            where: What it is called in errors.

        Raises:
            UnboundParametersError: An element of a list occurs nowhere.
        """
        made = self._put(circuit) if self._expressions else circuit
        used = {parameter.name for parameter in made.parameters}
        for name in self._lists:
            if name not in used:
                raise UnboundParametersError(
                    f"{where} has no parameter {name!r}",
                    names=(name,),
                    remedy="Write the parameter's name where its number belongs.",
                )
        return made

    def _put(self, circuit: QuantumCircuit) -> QuantumCircuit:
        made = circuit.copy_empty_like()
        for step in circuit.data:
            operation = step.operation
            if step.is_control_flow():
                operation = operation.replace_blocks([self._put(b) for b in operation.blocks])
            elif any(isinstance(p, float) and p in self._expressions for p in step.params):
                operation = operation.to_mutable()
                operation.params = [
                    self._expressions.get(p, p) if isinstance(p, float) else p for p in step.params
                ]
            made.append(operation, step.qubits, step.clbits, copy=False)
        return made


@dataclass(frozen=True, slots=True)
class _Definition:
    """A gate that the program defines.

    Args:
        name: Its name.
        formals: Its angles.
        qubits: Its qubits, as they are written.
        calls: The statements in it.
        start: Where it begins.
        stop: Where it has ended.
    """

    name: str
    formals: tuple[str, ...]
    qubits: str
    calls: tuple[_Call, ...]
    start: int
    stop: int

    def holds(self, names: re.Pattern[str], text: str) -> bool:
        """Whether an angle in it has one of these names that is none of its own."""
        found = (m for call in self.calls for a in call.angles for m in names.finditer(text, *a))
        return any(match.group() not in self.formals for match in found)


@dataclass(frozen=True, slots=True)
class _Call:
    """A statement that may have angles.

    Args:
        gate: The first word.
        start: Where that stands.
        angles: Where each angle begins and ends.
        stop: Where its angles have ended.
        rest: What follows, with the semicolon.
    """

    gate: str
    start: int
    angles: tuple[tuple[int, int], ...]
    stop: int
    rest: str


def without_names(program: Rewritten, where: str, naming: Naming) -> Rewritten:
    """Write a text with numbers in place of names.

    Args:
        program: OpenQASM 2 in which no gate is defined twice.
        where: What it is called in errors.
        naming: The names.

    Raises:
        ProgramSyntaxError: An angle is malformed.
    """
    if not naming.names or not re.search(whole_words(naming.names), program.text):
        return program
    return _Writing(program, where, naming).written()


class _Writing:
    def __init__(self, program: Rewritten, where: str, naming: Naming) -> None:
        self._program = program
        self._source = source = Source(program.text, where, program)
        self._naming = naming
        self._words = list(tokens(source.text))
        self._defined: dict[str, tuple[int, _Definition]] = {}
        self._made: dict[tuple[str, tuple[str, ...]], str] = {}
        self._texts: dict[str, list[str]] = {}
        self._pattern = re.compile(whole_words(naming.names))

    def written(self) -> Rewritten:
        edits: list[tuple[int, int, str]] = []
        for call in self._calls():
            if call.gate in self._defined:
                text = self._expanded(call, self._naming.names, len(self._defined), 0)
                edits.append((call.start, call.stop, text))
                continue
            for start, stop in call.angles:
                if self._pattern.search(self._source.text, start, stop):
                    value = angle_value(self._source, start, stop, self._naming.names)
                    edits.append((start, stop, self._naming.number(value)))
        for name, (_, one) in self._defined.items():
            # One that holds names cannot stay; any other does, so that its own faults are found.
            start = one.start if one.holds(self._pattern, self._source.text) else one.stop
            edits.append((start, one.stop, " ".join(["", *self._texts.get(name, ())])))
        shown = {
            made: self._program.names.get(name, name) for (name, _), made in self._made.items()
        }
        return self._program.rewritten(edits, shown)

    def _calls(self) -> Iterator[_Call]:
        """Yield the statements outside of definitions, and note these on the way."""
        place = 0
        while place < len(self._words):
            if self._words[place].text == "gate":
                place = self._define(place)
            elif self._words[place].text == "if":
                place = self._after(place, ")")
            else:
                end = self._after(place, ";")
                yield self._call(place, end)
                place = end

    def _after(self, place: int, text: str) -> int:
        while place < len(self._words) and self._words[place].text != text:
            place += 1
        return place + 1

    def _define(self, first: int) -> int:
        opening = self._after(first, "{") - 1
        closing = self._after(opening, "}") - 1
        head = self._words[first + 1 : opening]
        if closing >= len(self._words) or not head:
            return len(self._words)
        qubits = head[1:]
        formals: tuple[str, ...] = ()
        if qubits and qubits[0].text == "(":
            ends = next((n for n, word in enumerate(qubits) if word.text == ")"), len(qubits) - 1)
            formals = tuple(word.text for word in qubits[1:ends] if word.text != ",")
            qubits = qubits[ends + 1 :]
        calls, place = [], opening + 1
        while place < closing:
            end = min(self._after(place, ";"), closing)
            calls.append(self._call(place, end))
            place = end
        stop = _end(self._words[closing])
        start = self._words[first].start
        one = _Definition(head[0].text, formals, _joined(qubits), tuple(calls), start, stop)
        self._defined[one.name] = (len(self._defined), one)
        return closing + 1

    def _call(self, first: int, after: int) -> _Call:
        words = self._words[first:after]
        gate = words[0]
        if len(words) == 1 or words[1].text != "(":
            return _Call(gate.text, gate.start, (), _end(gate), _joined(words[1:]))
        angles, depth, start = [], 0, _end(words[1])
        for place, word in enumerate(words[1:], 2):
            depth += {"(": 1, ")": -1}.get(word.text, 0)
            if depth == 0 or (depth == 1 and word.text == ","):
                angles.append((start, word.start))
                start = _end(word)
            if depth == 0:
                found = () if place == 3 else tuple(angles)
                return _Call(gate.text, gate.start, found, start, _joined(words[place:]))
        raise self._source.error("a bracket is not closed", words[1].start)

    def _expanded(self, call: _Call, names: Mapping[str, Any], before: int, depth: int) -> str:
        """Write the name of the gate that a call of a defined one, with its angles, has become."""
        number, one = self._defined[call.gate]
        if len(call.angles) != len(one.formals):
            raise self._source.error(
                f"{call.gate} takes {len(one.formals)} angles, not {len(call.angles)}", call.start
            )
        if number >= before or depth > _DEEPEST or len(self._made) >= _MOST:
            raise self._source.error(
                f"{call.gate} is defined by itself, or by too many gates", call.start
            )
        values = [angle_value(self._source, *place, names) for place in call.angles]
        key = one.name, tuple(map(self._naming.number, values))
        found = self._made.get(key)
        if found is None:
            inner = {**names, **dict(zip(one.formals, values, strict=True))}
            body = " ".join(self._statement(step, inner, number, depth + 1) for step in one.calls)
            found = self._made[key] = f"{one.name}_{len(self._made)}_"
            text = f"gate {found} {one.qubits} {{ {body} }}"
            self._texts.setdefault(one.name, []).append(text)
        return found

    def _statement(self, call: _Call, names: Mapping[str, Any], before: int, depth: int) -> str:
        if call.gate in self._defined:
            return f"{self._expanded(call, names, before, depth)} {call.rest}"
        values = [angle_value(self._source, *place, names) for place in call.angles]
        shown = f"({','.join(map(self._naming.number, values))})" if values else ""
        return f"{call.gate}{shown} {call.rest}"


def _end(word: Token) -> int:
    return word.start + len(word.text)


def _joined(words: Sequence[Token]) -> str:
    return " ".join(word.text for word in words)
