"""Reading OpenQASM 2: what a program declares and uses, or where exactly it is malformed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from quantum_async.errors import UnsupportedProgramError
from quantum_async.models.result import Register
from quantum_async.providers.qoro.translate.endings import Argument, Edit, LastMeasurements
from quantum_async.providers.qoro.translate.gates import (
    FOREIGN,
    FUNCTIONS,
    KNOWN,
    RENAMED,
    WORDS,
)
from quantum_async.providers.qoro.translate.tokens import Source, Token, tokens

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable, Sequence
    from typing import NoReturn

_DEEPEST = 200
"""Levels of brackets in an angle; a program from elsewhere must not exhaust the stack."""


@dataclass(frozen=True, slots=True)
class QasmFacts:
    """What a program declares and uses.

    Args:
        text: The program as the service reads it: gates under the service's names.
        bare: The same without the measurements after which neither qubit nor bit is used.
        qubits: How many qubits it declares.
        registers: Its classical registers in the order of declaration.
        measures: Whether it measures anything.
        parameters: The parameters that occur in it.
        foreign: Gates that the service does not know and has under no other name.
    """

    text: str
    bare: str
    qubits: int
    registers: tuple[Register, ...]
    measures: bool
    parameters: frozenset[str] = frozenset()
    foreign: frozenset[str] = frozenset()


def read_qasm(
    text: str, *, parameters: Collection[str] = (), where: str = "<program>"
) -> QasmFacts:
    """Read an OpenQASM 2 program.

    Args:
        text: The program.
        parameters: Names in angles that stand for numbers still to come.
        where: What the program is called in errors.

    Raises:
        ProgramSyntaxError: It is malformed, with line and column.
        UnsupportedProgramError: It declares an opaque gate.

    Example:
        ```python
        from quantum_async.providers.qoro.translate.qasm import read_qasm

        facts = read_qasm(
            "OPENQASM 2.0; qreg q[2]; creg c[2]; rx(a) q[0]; measure q -> c;", parameters=["a"]
        )
        assert facts.qubits == 2 and facts.parameters == {"a"}
        ```
    """
    return _Reader(Source(text, where), parameters).program()


@dataclass
class _Found:
    quantum: dict[str, int] = field(default_factory=dict)
    classical: dict[str, int] = field(default_factory=dict)
    gates: dict[str, tuple[int, int]] = field(default_factory=dict)
    parameters: set[str] = field(default_factory=set)
    foreign: set[str] = field(default_factory=set)
    edits: list[Edit] = field(default_factory=list)
    last: LastMeasurements = field(default_factory=LastMeasurements)
    measures: bool = False


class _Reader:
    """Walk through a program once, without building a tree."""

    def __init__(self, source: Source, parameters: Collection[str]) -> None:
        self._source = source
        self._tokens = tokens(source, parameters)
        self._token = next(self._tokens)
        self._found = _Found()
        self._end = 0
        self._formals: frozenset[str] = frozenset()

    def program(self) -> QasmFacts:
        self._header()
        while self._token.kind != "end":
            self._statement()
        found = self._found
        return QasmFacts(
            text=self._edited(found.edits),
            bare=self._edited([*found.edits, *found.last.removals()]),
            qubits=sum(found.quantum.values()),
            registers=tuple(Register(*item) for item in found.classical.items() if item[1]),
            measures=found.measures,
            parameters=frozenset(found.parameters),
            foreign=frozenset(found.foreign),
        )

    def _header(self) -> None:
        if not self._is("OPENQASM"):
            self._fail("the program must begin with OPENQASM 2.0;")
        self._next()
        if self._token.text not in {"2", "2.0"}:
            self._fail(f"OpenQASM version {self._token.text} is not 2.0")
        self._next()
        self._expect(";")
        while self._is("include"):
            self._next()
            if self._token.kind != "text":
                self._fail(f"a file's name in quotes is expected, not {self._token.text!r}")
            self._next()
            self._expect(";")

    def _statement(self) -> None:
        match self._token.text:
            case "qreg" | "creg" | "qubit" | "bit":
                self._register(self._next().text)
            case "gate":
                self._gate()
            case "measure":
                self._last_measure()
            case "reset":
                self._next()
                self._found.last.use([self._argument(self._found.quantum)])
                self._expect(";")
            case "barrier":
                self._next()
                self._operands()
                self._expect(";")
            case "if":
                self._condition()
            case "opaque":
                raise UnsupportedProgramError(
                    f"{self._source.where} declares an opaque gate, which nothing can run",
                    provider="qoro",
                    remedy="Give the gate a definition.",
                )
            case _:
                self._call()

    def _register(self, keyword: str) -> None:
        if keyword in {"qreg", "creg"}:
            name, size = self._new_name(), self._size()
        else:
            # OpenQASM 3 puts the size first, and the service reads both.
            size = self._size() if self._is("[") else 1
            name = self._new_name()
        self._expect(";")
        book = self._found.quantum if keyword.startswith("q") else self._found.classical
        book[name] = size

    def _size(self) -> int:
        self._expect("[")
        size = self._whole()
        self._expect("]")
        return size

    def _gate(self) -> None:
        self._next()
        # The service lets a register be called like a gate, but no gate like another one.
        name = self._new_name(KNOWN)
        formals: list[str] = []
        if self._is("("):
            self._next()
            formals = self._names()
            self._expect(")")
        qubits = self._names()
        if len({*formals, *qubits}) < len(formals) + len(qubits):
            self._fail("a name comes twice in the gate's definition")
        self._expect("{")
        self._formals = frozenset(formals)
        while not self._is("}"):
            self._call_within(frozenset(qubits))
        self._formals = frozenset()
        self._next()
        self._found.gates[name] = (len(formals), len(qubits))

    def _call_within(self, qubits: frozenset[str]) -> None:
        if self._is("barrier"):
            self._next()
            self._names()
            self._expect(";")
            return
        start = self._token
        arity = self._gate_called()
        used = []
        while True:
            if self._token.text not in qubits:
                self._fail(f"{self._token.text!r} is not a qubit of the gate")
            used.append(self._next().text)
            if not self._is(","):
                break
            self._next()
        self._expect(";")
        self._check_call(start, used, arity)

    def _call(self) -> None:
        start = self._token
        arity = self._gate_called()
        used = self._operands()
        self._expect(";")
        self._found.last.use(used)
        self._check_call(start, [(one.register, one.element) for one in used], arity)
        sizes = {one.size for one in used if one.element is None}
        if len(sizes - {1}) > 1:
            self._fail("registers of different sizes", start)

    def _gate_called(self) -> int:
        token = self._token
        if token.kind not in {"name", "parameter"}:
            self._fail(f"unexpected {token.text!r}")
        arity = self._arity(token)
        self._next()
        angles = self._angles()
        if angles != arity[0]:
            self._fail(f"{token.text} takes {arity[0]} angles, not {angles}", token)
        return arity[1]

    def _arity(self, token: Token) -> tuple[int, int]:
        name = token.text
        if name in self._found.gates:
            return self._found.gates[name]
        if name in KNOWN:
            return KNOWN[name]
        if name not in FOREIGN:
            self._fail(f"there is no gate {name!r}")
        if name in RENAMED:
            self._replace(token, RENAMED[name])
        else:
            self._found.foreign.add(name)
        return FOREIGN[name]

    def _angles(self) -> int:
        if not self._is("("):
            return 0
        self._next()
        if self._is(")"):
            self._next()
            return 0
        many = 1
        self._expression(0)
        while self._is(","):
            self._next()
            self._expression(0)
            many += 1
        self._expect(")")
        return many

    def _operands(self) -> list[Argument]:
        used = [self._argument(self._found.quantum)]
        while self._is(","):
            self._next()
            used.append(self._argument(self._found.quantum))
        return used

    def _argument(self, book: dict[str, int]) -> Argument:
        token = self._token
        size = book.get(token.text)
        if size is None:
            kind = "quantum" if book is self._found.quantum else "classical"
            self._fail(f"there is no {kind} register {token.text!r}")
        self._next()
        if not self._is("["):
            return Argument(token.text, None, size)
        self._next()
        place = self._token
        index = self._whole()
        if index >= size:
            self._fail(f"{token.text} has {size} elements, so there is no {index}", place)
        self._expect("]")
        return Argument(token.text, index, size)

    def _check_call(self, start: Token, used: Sequence[Hashable], arity: int) -> None:
        if len(used) != arity:
            self._fail(f"{start.text} takes {arity} qubits, not {len(used)}", start)
        if len(set(used)) < len(used):
            self._fail(f"{start.text} acts on one qubit twice", start)

    def _last_measure(self) -> None:
        start = self._token.start
        qubit, bits = self._measure()
        self._found.last.add(qubit, bits.register, Edit(start, self._end, ""))

    def _measure(self) -> tuple[Argument, Argument]:
        start = self._next()
        qubits = self._argument(self._found.quantum)
        self._expect("->")
        bits = self._argument(self._found.classical)
        many, places = (1 if one.element is not None else one.size for one in (qubits, bits))
        if many != places:
            self._fail("as many bits as qubits are needed", start)
        self._expect(";")
        self._found.measures = True
        return qubits, bits

    def _condition(self) -> None:
        self._next()
        self._expect("(")
        token = self._token
        if token.text not in self._found.classical:
            self._fail(f"there is no classical register {token.text!r}")
        self._next()
        self._expect("==")
        value = self._whole()
        if value >= 2 ** self._found.classical[token.text]:
            self._fail(f"{token.text} is never {value}", token)
        self._expect(")")
        self._found.last.ask(token.text)
        if self._token.text in {"if", "gate", "qreg", "creg", "qubit", "bit", "barrier"}:
            self._fail(f"{self._token.text} cannot depend on a condition")
        if self._is("measure"):
            self._found.last.use([self._measure()[0]])
        else:
            self._statement()

    def _expression(self, depth: int) -> None:
        if depth > _DEEPEST:
            self._fail("the angle is nested too deeply")
        self._operand(depth)
        while self._token.text in {"+", "-", "*", "/", "^"}:
            self._next()
            self._operand(depth)

    def _operand(self, depth: int) -> None:
        while self._token.text in {"+", "-"}:
            self._next()
        token = self._next()
        if token.kind == "number":
            self._number(token)
        elif token.kind == "parameter":
            self._found.parameters.add(token.text)
        elif token.text == "(":
            self._expression(depth + 1)
            self._expect(")")
        elif token.text in FUNCTIONS:
            self._expect("(")
            self._expression(depth + 1)
            self._expect(")")
        elif token.text != "pi" and token.text not in self._formals:
            what = "a parameter without a value" if token.kind == "name" else "unexpected"
            self._fail(f"{what} in an angle: {token.text!r}", token)

    def _number(self, token: Token) -> None:
        # Both spellings are OpenQASM, and the service reads neither.
        whole, dot, rest = token.text.partition(".")
        if dot and (not whole or not rest[:1].isdigit()):
            spelt = f"{whole or '0'}.{rest if rest[:1].isdigit() else '0' + rest}"
            self._replace(token, spelt)

    def _names(self) -> list[str]:
        names = [self._name()]
        while self._is(","):
            self._next()
            names.append(self._name())
        return names

    def _name(self) -> str:
        if self._token.kind != "name":
            self._fail(f"a name is expected, not {self._token.text!r}")
        return self._next().text

    def _new_name(self, reserved: Collection[str] = ()) -> str:
        text, found = self._token.text, self._found
        taken = {*found.quantum, *found.classical, *found.gates}
        if text in taken or text in WORDS or text in FUNCTIONS or text in reserved:
            self._fail(f"{text!r} is defined already")
        return self._name()

    def _whole(self) -> int:
        token = self._next()
        if token.kind != "number" or not token.text.isdigit():
            self._fail(f"a whole number is expected, not {token.text!r}", token)
        return int(token.text)

    def _is(self, text: str) -> bool:
        return self._token.text == text

    def _expect(self, text: str) -> None:
        if self._token.text != text:
            self._fail(f"{text!r} is expected, not {self._token.text!r}")
        self._end = self._next().start + len(text)

    def _next(self) -> Token:
        token = self._token
        if token.kind == "end":
            self._fail("the program breaks off")
        self._token = next(self._tokens)
        return token

    def _fail(self, message: str, token: Token | None = None) -> NoReturn:
        raise self._source.error(message, (token or self._token).start)

    def _replace(self, token: Token, text: str) -> None:
        self._found.edits.append(Edit(token.start, token.start + len(token.text), text))

    def _edited(self, edits: Iterable[Edit]) -> str:
        text, parts, place = self._source.text, [], 0
        for start, stop, instead in sorted(edits):
            parts += [text[place:start], instead]
            place = stop
        return "".join([*parts, text[place:]])
