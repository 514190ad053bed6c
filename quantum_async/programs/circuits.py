"""Circuits from programs: OpenQASM 2 and 3, QPY, live Qiskit objects."""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING, cast

from quantum_async.errors import ProgramSyntaxError
from quantum_async.models.program import ProgramFormat
from quantum_async.programs.loading import load_qiskit

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from quantum_async.models.program import Program

_QASM2_PLACE = re.compile(r"^\"?(?:<input>|[^\"\n]*?):(\d+),(\d+): (.*?)\"?$", re.DOTALL)
_QASM3_PLACE = re.compile(r"^(?:L(\d+):C(\d+)|(\d+),(\d+)): (.*)$", re.DOTALL)
_REMEDY = "Correct the program there; the column is where the parser stopped."


def read_circuit(program: Program) -> QuantumCircuit:
    """Read a program as a Qiskit circuit, which the caller must not change.

    Raises:
        ProgramSyntaxError: The program is malformed, with file, line and column.
    """
    if program.live is not None:
        return cast("QuantumCircuit", program.live)
    load_qiskit()
    if program.format is ProgramFormat.QISKIT:
        return _read_qpy(program)
    if program.format is ProgramFormat.QASM2:
        return _read_qasm2(program)
    return _read_qasm3(program)


def _read_qasm2(program: Program) -> QuantumCircuit:
    from qiskit import qasm2

    try:
        return qasm2.loads(
            program.text,
            include_path=qasm2.LEGACY_INCLUDE_PATH[1:],
            custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS,
            custom_classical=qasm2.LEGACY_CUSTOM_CLASSICAL,
        )
    except qasm2.QASM2ParseError as error:
        raise _placed(program, str(error.message), _QASM2_PLACE) from error
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise _unplaced(program, error) from error


def _read_qasm3(program: Program) -> QuantumCircuit:
    import qiskit_qasm3_import
    from openqasm3.parser import QASM3ParsingError

    try:
        return qiskit_qasm3_import.parse(program.text)
    except QASM3ParsingError as error:
        if str(error):
            raise _placed(program, str(error), _QASM3_PLACE) from error
        raise _at_token(program, error) from error
    except qiskit_qasm3_import.ConversionError as error:
        raise _placed(program, error.message, _QASM3_PLACE) from error
    except Exception as error:
        # The importer walks a half-checked tree: whatever it trips over is the text's fault.
        raise _unplaced(program, error) from error


def _read_qpy(program: Program) -> QuantumCircuit:
    from qiskit import QuantumCircuit, qpy

    try:
        circuits = qpy.load(BytesIO(program.data))
    except Exception as error:
        # QPY has no checksum: damaged bytes raise struct, zlib, Unicode, key and index errors.
        raise _unplaced(program, error, "Write the file again with qiskit.qpy.dump.") from error
    if len(circuits) != 1 or not isinstance(circuits[0], QuantumCircuit):
        raise ProgramSyntaxError(
            f"{len(circuits)} circuits in one file",
            source=program.where,
            remedy="Write one circuit per file.",
        )
    return circuits[0]


def _placed(program: Program, message: str, pattern: re.Pattern[str]) -> ProgramSyntaxError:
    match = pattern.match(message)
    if match is None:
        return ProgramSyntaxError(message, source=program.where, line=1, remedy=_REMEDY)
    line, column, *_ = (int(group) for group in match.groups()[:-1] if group is not None)
    return _error(program, match.groups()[-1], line, column + 1)


def _at_token(program: Program, error: Exception) -> ProgramSyntaxError:
    # ANTLR's bail-out strategy hides the place in the exception that it wraps.
    inner = error.__cause__.args[0] if error.__cause__ and error.__cause__.args else None
    token = getattr(inner, "offendingToken", None)
    if token is None:
        return _unplaced(program, error)
    return _error(program, f"unexpected {token.text!r}", token.line, token.column + 1)


def _error(program: Program, message: str, line: int, column: int) -> ProgramSyntaxError:
    return ProgramSyntaxError(
        message, source=program.where, line=line, column=column, remedy=_REMEDY
    )


def _unplaced(program: Program, error: Exception, remedy: str = _REMEDY) -> ProgramSyntaxError:
    message = str(error) or type(error).__name__
    line = 1 if isinstance(program.payload, str) else None
    return ProgramSyntaxError(message, source=program.where, line=line, remedy=remedy)
