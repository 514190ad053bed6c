"""What services are sent, read strictly and by the formats' own definitions: no library helps."""

from __future__ import annotations

import ast
import json
import math
import operator
import re
import struct

from tests.differential.meaning import GATES, Angle, Call, Definition, Described, If, Measure, Reset

_IDENTIFIER = r"[a-z][A-Za-z0-9_]*"
_PLACE = re.compile(rf"({_IDENTIFIER})(?:\[(\d+)\])?")
_APPLIED = re.compile(rf"({_IDENTIFIER}|U|CX)\b\s*(?:\((.*)\))?\s*([^()]+)")
_IF = re.compile(rf"if\s*\(\s*({_IDENTIFIER})\s*==\s*(\d+)\s*\)\s*(.+)")
_GATE = re.compile(rf"gate\s+({_IDENTIFIER})\s*(?:\(([^)]*)\))?\s*([^{{]*)\{{([^}}]*)\}}")
_RESERVED = set(
    "barrier creg gate if measure opaque pi qreg reset sin cos tan exp ln sqrt include".split()
)
_FILE = (
    "u3 u2 u1 cx id x y z h s sdg t tdg rx ry rz cz cy ch swap ccx cswap crx cry crz cu1 cu3 rxx rzz "
    "sx sxdg p cp u ryy iswap"
).split()


class BadInputError(Exception):
    """What was sent is not of its format: a service would refuse it."""


# OpenQASM 2 --------------------------------------------------------------------------------------


def read_qasm2(text: str, gates=_FILE) -> Described:
    """Read OpenQASM 2 without definitions.

    Args:
        text: The program.
        gates: The gates that the service knows.
    """
    source = re.sub(r"//[^\n]*", "", text)
    reader = _Qasm2(gates)
    # A definition's body has semicolons of its own.
    source = _GATE.sub(lambda match: reader.define(*match.groups()), source)
    head, *statements = [part.strip() for part in source.split(";")]
    if head != "OPENQASM 2.0" or statements.pop():
        raise BadInputError(f"not OpenQASM 2: {head!r}")
    return reader.read(statements)


class _Qasm2:
    def __init__(self, gates):
        self._known = gates
        self._registers = {"qreg": [], "creg": []}
        # What a service has beyond the language's file is no name of the language.
        self._names = set(gates) - {"ryy", "iswap"}
        self._steps = []
        self._macros = {}
        self._made: list[Definition] = []

    def define(self, name, angles, wires, body):
        """Keep a definition: it is read where it is called, with its angles."""
        if name in _RESERVED | self._names:
            raise BadInputError(f"{name!r} is defined already")
        self._names.add(name)
        names = [part.strip() for part in (angles or "").split(",") if part.strip()]
        held = [part.strip() for part in wires.split(",")]
        self._macros[name] = (names, held, [p.strip() for p in body.split(";") if p.strip()])
        return ""

    def read(self, statements):
        for statement in statements:
            word = statement.partition(" ")[0]
            if word in self._registers:
                self._declare(word, statement)
            elif word != "include" and not word.startswith("barrier"):
                self._steps += self._step(statement)
        qubits, bits = (tuple(self._registers[kind]) for kind in ("qreg", "creg"))
        return Described(qubits, bits, tuple(self._made), tuple(self._steps))

    def _declare(self, kind, statement):
        match = re.fullmatch(rf"\w+\s+({_IDENTIFIER})\[(\d+)\]", statement)
        if match is None or match[1] in _RESERVED | self._names:
            raise BadInputError(f"not a declaration: {statement!r}")
        self._names.add(match[1])
        self._registers[kind].append((match[1], int(match[2])))

    def _step(self, statement):
        if match := _IF.fullmatch(statement):
            names = [name for name, _ in self._registers["creg"]]
            return [If(names.index(match[1]), None, int(match[2]), tuple(self._step(match[3])))]
        if match := re.fullmatch(r"measure\s+(\S+)\s*->\s*(\S+)", statement):
            pairs = zip(self._places("qreg", match[1]), self._places("creg", match[2]), strict=True)
            return [Measure(qubit, bit) for qubit, bit in pairs]
        if match := re.fullmatch(r"reset\s+(\S+)", statement):
            return [Reset(qubit) for qubit in self._places("qreg", match[1])]
        return [self._gate(statement)]

    def _gate(self, statement):
        match = _APPLIED.fullmatch(statement)
        wires = match and [
            w for part in match[3].split(",") for w in self._places("qreg", part.strip())
        ]
        return self._applied(statement, match, wires, {})

    def _applied(self, statement, match, wires, names):
        if match is None or match[1] not in {*self._known, *self._macros, "U", "CX"}:
            raise BadInputError(f"not a statement: {statement!r}")
        angles = [number(part, names) for part in _arguments(match[2])]
        if match[1] not in self._macros:
            return _call(match[1], [Angle(angle) for angle in angles], wires)
        parameters, held, body = self._macros[match[1]]
        if (len(parameters), len(held)) != (len(angles), len(wires)):
            raise BadInputError(f"another number of angles or qubits: {statement!r}")
        inner = []
        for part in body:
            found = _APPLIED.fullmatch(part)
            places = found and [held.index(w.strip()) for w in found[3].split(",")]
            inner.append(
                self._applied(part, found, places, dict(zip(parameters, angles, strict=True)))
            )
        self._made.append(Definition(match[1], (), len(held), tuple(inner)))
        return Call(len(self._made) - 1, (), tuple(wires))

    def _places(self, kind, text):
        match = _PLACE.fullmatch(text)
        start = 0
        for name, width in self._registers[kind]:
            if match and name == match[1]:
                if match[2] is None:
                    return list(range(start, start + width))
                if int(match[2]) < width:
                    return [start + int(match[2])]
            start += width
        raise BadInputError(f"{text!r} was not declared as {kind}")


_OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
}
_FUNCTIONS = {name: getattr(math, name) for name in "sin cos tan exp sqrt".split()} | {
    "ln": math.log
}


def _arguments(text):
    """Split at the commas that no brackets hold."""
    depth, found = 0, [""]
    for letter in text or "":
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and not depth:
            found.append("")
        else:
            found[-1] += letter
    return [part for part in found if part.strip()]


def number(text: str, names=None) -> float:
    """Compute an angle."""
    known = {"pi": math.pi, **(names or {})}

    def value(node):
        if isinstance(node, ast.Constant):
            return float(node.value)
        if isinstance(node, ast.Name):
            return known[node.id]
        if isinstance(node, ast.BinOp):
            return _OPERATORS[type(node.op)](value(node.left), value(node.right))
        if isinstance(node, ast.UnaryOp):
            return _OPERATORS[type(node.op)](value(node.operand))
        if isinstance(node, ast.Call):
            return _FUNCTIONS[node.func.id](value(node.args[0]))
        raise BadInputError(f"not an angle: {text!r}")

    try:
        found = value(ast.parse(text.strip().replace("^", "**"), mode="eval").body)
    except (SyntaxError, KeyError, ValueError, ArithmeticError) as error:
        raise BadInputError(f"not an angle: {text!r}") from error
    if not math.isfinite(found):
        raise BadInputError(f"not finite: {text!r}")
    return found


_ALIASES = {"u": "U", "cu1": "cp", "id": "U", "cnot": "cx"}
_CONTROLLED = {"cu3": "U"}


def _call(name, angles, wires, modifiers=()):
    if name == "id":
        return Call("U", (Angle(0.0),) * 3, tuple(wires))
    if name in _CONTROLLED:
        name, modifiers = _CONTROLLED[name], ("ctrl", *modifiers)
    name = _ALIASES.get(name, name)
    if name not in GATES:
        raise BadInputError(f"there is no gate {name!r}")
    many, width, _ = GATES[name]
    width += modifiers.count("ctrl")
    if (many, width) != (len(angles), len(wires)) or len(set(wires)) != width:
        raise BadInputError(f"{name} takes {many} angles and {width} qubits: {angles} {wires}")
    if not all(math.isfinite(angle.shift) for angle in angles):
        raise BadInputError(f"an angle is not finite: {angles}")
    return Call(name, tuple(angles), tuple(wires), modifiers)


# QIR ---------------------------------------------------------------------------------------------

_QIR = re.compile(r"call\s+void\s+@__quantum__(qis|rt)__(\w+?)(?:__(body|adj))?\(([^\n]*)\)\n")
_OPERAND = re.compile(
    r"double\s+(\S+?)(?=[,)]|$)|inttoptr\s*\(\s*i64\s+(\d+)\s+to\s+%(\w+)|i64\s+(\d+)|%(\w+)\*\s+null"
)
_QIS = "h x y z s t rx ry rz cx cnot cz swap ccx rxx rzz".split()


def read_qir(text: str) -> tuple[Described, list]:
    """Read QIR: the program, whose bits are its results, and how they are recorded.

    Records are numbers of results, lists for arrays and tuples for tuples.
    """
    required = re.search(r'"required_num_qubits"="(\d+)" "required_num_results"="(\d+)"', text)
    if required is None or "output_labeling_schema" not in text:
        raise BadInputError("the entry point lacks attributes")
    qubits, results = map(int, required.groups())
    steps, records = [], []
    for kind, name, variant, operands in _QIR.findall(text):
        numbers, angles = _operands(operands)
        if kind == "rt":
            records.append((name, numbers[0]))
        elif records:
            raise BadInputError("something runs after a result was recorded")
        elif name in {"m", "mz"}:
            steps.append(Measure(*numbers))
        elif name == "reset":
            steps.append(Reset(*numbers))
        else:
            if name not in _QIS:
                raise BadInputError(f"there is no gate {name}")
            modifiers = ("inv",) if variant == "adj" else ()
            steps.append(_call(name, [Angle(a) for a in angles], numbers, modifiers))
    described = Described((("q", qubits),), (("r", results),), statements=tuple(steps))
    used = [q for s in steps for q in (s.wires if isinstance(s, Call) else [s.qubit])]
    if max(used, default=-1) >= qubits:
        raise BadInputError("more qubits than are required")
    return described, _nested(iter(records))


def _operands(text):
    numbers, angles = [], []
    for angle, pointer, _, integer, null in _OPERAND.findall(text):
        if angle:
            is_bits = angle.startswith("0x")
            found = bytes.fromhex(angle[2:]) if is_bits else b""
            angles.append(struct.unpack(">d", found)[0] if is_bits else float(angle))
        elif null:
            numbers.append(0)
        else:
            numbers.append(int(pointer or integer))
    return numbers, angles


def _nested(records):
    found = []
    for name, count in records:
        found.append(_record(name, count, records))
    return found


def _record(name, count, records):
    if name == "result_record_output":
        return count
    parts = [_record(*next(records), records) for _ in range(count)]
    return tuple(parts) if name == "tuple_record_output" else parts


# IonQ's and Rigetti's own --------------------------------------------------------------------------

_IONQ = {"si": "sdg", "ti": "tdg", "v": "sx", "vi": "sxdg", "xx": "rxx", "yy": "ryy", "zz": "rzz"}


def read_ionq(text: str) -> Described:
    """Read IonQ's JSON; every qubit is measured at its end."""
    document = json.loads(text)
    steps = []
    for gate in document["circuit"]:
        name = gate["gate"]
        if name in set(_IONQ.values()):
            raise BadInputError(f"there is no gate {name}")
        controls = [*gate.get("controls", [])]
        angles = [Angle(gate["rotation"])] if "rotation" in gate else []
        wires = [*controls, *gate["targets"]]
        steps.append(_call(_IONQ.get(name, name), angles, wires, ("ctrl",) * len(controls)))
    many = document["qubits"]
    steps += [Measure(n, n) for n in range(many)]
    return Described((("q", many),), (("c", many),), statements=tuple(steps))


_QUIL = {"CNOT": "cx", "CCNOT": "ccx", "PHASE": "p", "CPHASE": "cp", "I": "id", "CZ": "cz"}


def read_quil(text: str) -> Described:
    """Read Quil with one array of bits."""
    bits, steps, most = (), [], 0
    for line in text.splitlines():
        if match := re.fullmatch(r"DECLARE (\w+) BIT\[(\d+)\]", line):
            bits = ((match[1], int(match[2])),)
        elif match := re.fullmatch(r"MEASURE (\d+) ro\[(\d+)\]", line):
            steps.append(Measure(int(match[1]), int(match[2])))
            most = max(most, int(match[1]))
        elif match := re.fullmatch(r"([A-Z]+)(?:\((.*)\))? ([\d ]+)", line):
            name = _QUIL.get(match[1], match[1].lower())
            if match[1] not in {*_QUIL, "RX", "RY", "RZ", "H", "X", "Y", "Z", "S", "T", "SWAP"}:
                raise BadInputError(f"there is no gate {match[1]}")
            angles = [Angle(number(part)) for part in match[2].split(",")] if match[2] else []
            wires = [int(part) for part in match[3].split()]
            steps.append(_call(name, angles, wires))
            most = max(most, *wires)
        else:
            raise BadInputError(f"not a line of Quil: {line!r}")
    return Described((("q", most + 1),), bits, statements=tuple(steps))


# IQM's -------------------------------------------------------------------------------------------


def read_iqm(circuit: dict, names: list[str]) -> tuple[Described, list[str]]:
    """Read one circuit of IQM's JSON: the program, and the key of each of its bits."""
    steps, keys, feedback = [], [], {}
    for step in circuit["instructions"]:
        wires = [names.index(name) for name in step["locus"]]
        args, name = step["args"], step["name"]
        if name == "measure":
            if args["key"] in keys:
                raise BadInputError(f"two measurements have the key {args['key']!r}")
            feedback[args.get("feedback_key"), names[wires[0]]] = len(keys)
            steps += [Measure(wire, len(keys) + n) for n, wire in enumerate(wires)]
            keys += [args["key"]] * len(wires)
        elif name == "cc_prx":
            bit = feedback[args["feedback_key"], args["feedback_qubit"]]
            steps.append(If(None, bit, 1, (_prx(args, wires),)))
        else:
            steps += _iqm_step(name, args, wires)
    bits = tuple((f"k{n}", 1) for n in range(len(keys)))
    return Described((("q", len(names)),), bits, statements=tuple(steps)), keys


def _iqm_step(name, args, wires):
    if name == "prx":
        return [_prx(args, wires)]
    if name == "cz":
        return [_call("cz", [], wires)]
    if name == "reset":
        return map(Reset, wires)
    if name in {"barrier", "delay"}:
        return []
    raise BadInputError(f"there is no operation {name}")


def _prx(args, wires):
    angle, phase = args["angle"], args["phase"]
    if not (math.isfinite(angle) and math.isfinite(phase)):
        raise BadInputError("an angle is not finite")
    # A rotation about an axis in the plane.
    angles = (Angle(angle), Angle(phase - math.pi / 2), Angle(math.pi / 2 - phase))
    return Call("U", angles, tuple(wires))
