"""What is said where an extra is not installed: the line that installs it, and nothing earlier."""

from __future__ import annotations

import subprocess
import sys

import pytest

MEASURED_TWICE = "OPENQASM 3; qubit q; bit[2] c; c[0] = measure q; U(1, 0, 0) q; c[1] = measure q;"
BELL = "OPENQASM 3; qubit q; bit c; c = measure q;"
RESULT = "qa.Result({'0': 1}, 1, qa.BitOrder.QISKIT)"
WORKSPACE = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/g/providers"
    "/Microsoft.Quantum/Workspaces/workspace"
)
RUN_LOCALLY = """
async def main():
    async with qa.Scheduler(qa.LocalClient()) as scheduler:
        await (await scheduler.submit({program}, shots=1))
anyio.run(main)
"""
LIST_DEVICES = f"""
async def main():
    async with qa.AzureClient({WORKSPACE!r}) as client:
        await client.devices()
anyio.run(main)
"""
CHECK_A_SEQUENCE = """
from importlib.resources import files
from quantum_async.models.submission import JobSpec
text = files('quantum_async.cli.demo').joinpath('rabi.json').read_text()
async def main():
    async with qa.PasqalClient(token='x') as client:
        program = qa.Program(text, qa.ProgramFormat.PULSER)
        await client.validate(JobSpec('k', program, 1, {'omega': 1.0}), 'EMU_MPS')
anyio.run(main)
"""
KEEP_IN_POSTGRES = """
async def main():
    async with qa.Scheduler(qa.LocalClient(), journal='postgresql://localhost/jobs'):
        pass
anyio.run(main)
"""
SERVE = """
from quantum_async.cli import main
sys.argv = ["quantum-async", "sandbox", "serve", "--port", "0"]
main()
"""
CASES = [
    ("cli", "typer", "from quantum_async.cli import main; main()"),
    ("local", "qiskit", RUN_LOCALLY.format(program=repr(BELL))),
    ("local", "qiskit_aer", RUN_LOCALLY.format(program=repr(MEASURED_TWICE))),
    ("local", "pulser", RUN_LOCALLY.format(program="qa.Program('{}', qa.ProgramFormat.PULSER)")),
    ("azure", "azure.identity", LIST_DEVICES),
    ("pasqal", "pulser", CHECK_A_SEQUENCE),
    ("pasqal", "pulser", "from quantum_async.integrations.pulser import QPUBackend"),
    ("qiskit", "qiskit", "from quantum_async.integrations.qiskit import EstimatorV2"),
    ("postgres", "psycopg", KEEP_IN_POSTGRES),
    ("plots", "matplotlib", f"{RESULT}.plot()"),
    ("notebook", "pandas", f"{RESULT}.to_pandas()"),
    ("qiskit", "qiskit", f"{RESULT}.to_qiskit()"),
    ("pasqal", "pulser", f"{RESULT}.to_pulser()"),
    ("sandbox", "starlette", SERVE),
    ("sandbox", "uvicorn", SERVE),
]


def attempt(library: str, code: str) -> subprocess.CompletedProcess[str]:
    """Run code where a library cannot be imported."""
    head = f"import sys\nsys.modules[{library!r}] = None\nimport anyio, quantum_async as qa\n"
    return subprocess.run(
        [sys.executable, "-c", head + code], check=False, capture_output=True, text=True
    )


@pytest.mark.parametrize(("extra", "library", "code"), CASES)
def test_a_missing_extra_names_its_line(extra: str, library: str, code: str) -> None:
    """Using what needs an extra says which library is missing and the exact line for pip."""
    run = attempt(library, code)
    assert run.returncode != 0
    assert f'pip install "quantum_async[{extra}]"' in run.stderr
    assert "is not installed" in run.stderr
