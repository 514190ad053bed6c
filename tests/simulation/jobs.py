"""Jobs and programs that several test modules share."""

from __future__ import annotations

from quantum_async.models.program import Program
from quantum_async.models.submission import JobSpec, RunOptions
from quantum_async.programs.objects import as_program


def job(program, shots=100, variables=None, **options):
    """Make a job of anything that describes a program."""
    chosen = options.pop("chosen", None) or RunOptions(**options)
    if not isinstance(program, Program):
        program = as_program(program)
    return JobSpec("key", program, shots, variables or {}, chosen)
