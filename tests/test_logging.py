"""What the package logs: under documented names, and without secrets."""

from __future__ import annotations

import ast
import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest

import quantum_async as qa
from quantum_async.errors import QuantumAsyncError
from quantum_async.models.program import Program
from quantum_async.providers.base import provider
from quantum_async.providers.iqm.circuits import Circuit, Instruction
from quantum_async.sandbox import Sandbox

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "how-to" / "observability.md"
SECRET = "hunter2"
BELL = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg c[2]; h q[0]; cx q[0],q[1];'
BELL += "measure q -> c;"
PRX = Instruction("prx", ("QB1",), {"angle": 3.14, "phase": 0.0})
FLIP = Circuit("flip", (PRX, Instruction("measure", ("QB1",), {"key": "c"}))).program()


def loggers() -> set[str]:
    """Find the names of the package's loggers in its source."""
    found = set()
    for path in (ROOT / "quantum_async").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not ast.unparse(node.func).endswith("getLogger"):
                continue
            (name,) = node.args
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found.add(name.value if isinstance(name, ast.Constant) else module)
    return {name for name in found if name.startswith("quantum_async")}


def test_loggers_are_documented() -> None:
    """Each is at or below a name that the guide lists, and each of those names has one."""
    table = PAGE.read_text(encoding="utf-8").partition("## Events")[0]
    listed = re.findall(r"^\| `(quantum_async[\w.]*)`", table, re.MULTILINE)
    assert listed
    known = {name: [n for n in listed if f"{name}.".startswith(f"{n}.")] for name in loggers()}
    assert {name for name, above in known.items() if not above} == set()
    assert {n for above in known.values() for n in above} == set(listed)


def test_logging_is_left_to_the_program() -> None:
    """Importing and using the package adds no handler and changes no level."""
    code = (
        "import logging, quantum_async as qa\n"
        "qa.Scheduler(qa.LocalClient())\n"
        "ours = logging.getLogger('quantum_async')\n"
        "print(ours.handlers, ours.level, ours.propagate, logging.getLogger().handlers)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[] 0 True []"


async def jobs(scheduler: qa.Scheduler, target: str) -> None:
    if target.startswith("pasqal"):
        from tests.providers.pasqal.real import rabi

        program: Program | str = rabi()
    else:
        program = FLIP if target.startswith("iqm") else BELL
    variables = {"omega": 1.0} if target.startswith("pasqal") else None
    for _ in range(3):
        try:
            await (await scheduler.submit(program, shots=5, variables=variables, on=target))
        except QuantumAsyncError as error:
            logging.getLogger("mine").warning("what a program may log: %s", error)


@pytest.mark.parametrize(
    "target", ["pasqal:EMU_FREE", "azure:ionq.simulator", "iqm:garnet", "qoro:qoro_maestro"]
)
async def test_no_secret_is_logged(target: str, caplog: pytest.LogCaptureFixture) -> None:
    """At any level, neither credentials nor what a service issues or quotes of them is written."""
    caplog.set_level(1)
    service = target.partition(":")[0]
    async with Sandbox(simulate=False, services=(service,), job_time=0.02) as sandbox:
        given = sandbox.env(service)
        secrets = {name: value for name, value in given.items() if _is_secret(name)}
        environ = given | {name: _secret(value) for name, value in secrets.items()}
        quoting = (
            f'body:500:{{"message": "token={SECRET} refused, Authorization: Bearer {SECRET}"}}'
        )
        await sandbox.set_faults(
            [
                {"provider": service, "method": "GET", "nth": 1, "fault": quoting},
                {"provider": service, "method": "GET", "nth": 3, "fault": "expired-token"},
                {"provider": service, "method": "POST", "nth": 3, "fault": quoting},
            ]
        )
        # A key that stays refused is asked with for as long as the patience lasts.
        limits = qa.Limits(patience=2.0)
        async with qa.Scheduler(provider(service).from_env(environ), limits=limits) as scheduler:
            await jobs(scheduler, target)
    written = [f"{record.name}: {record.getMessage()}" for record in caplog.records]
    assert sum(line.startswith("quantum_async.http: ") for line in written) > 5
    assert any("[hidden]" in line for line in written)
    leaks = [line for line in written if re.search(LEAK, line)]
    assert leaks == []


LEAK = re.compile(rf"{SECRET}|eyJ[\w-]{{5,}}|\b(?:sig|se)=(?!\[hidden\])|\bBearer (?!\[hidden\])")


def _is_secret(name: str) -> bool:
    return name.endswith(("PASSWORD", "TOKEN", "KEY", "CONNECTION_STRING"))


def _secret(value: str) -> str:
    changed = re.sub(r"ApiKey=[^;]*", f"ApiKey={SECRET}", value)
    return changed if changed != value else f"{SECRET}-{value}"
