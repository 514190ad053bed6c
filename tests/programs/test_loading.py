"""Qiskit is imported so that it survives the end of the thread that asked for it."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import threading
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.programs.circuits import read_circuit

TEXT = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; creg c[1]; measure q -> c;'

def read():
    assert read_circuit(Program(TEXT, ProgramFormat.QASM2)).num_qubits == 1

for _ in range(3):
    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
"""


def test_circuits_are_read_in_one_short_lived_thread_after_the_other():
    """The thread that first needs Qiskit may end: the next one reads circuits as well."""
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, timeout=100, check=False
    )
    assert run.returncode == 0, run.stderr[-2000:]
