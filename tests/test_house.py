"""The rules of the house: modules and tests that say what they are for."""

from __future__ import annotations

import ast
import socket
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted(
    path
    for path in (ROOT / "quantum_async").rglob("*.py")
    if not path.name.endswith("_generated.py")
)
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> list[Function]:
    return [node for node in ast.walk(tree(path)) if isinstance(node, Function)]


def where(path: Path, node: Function) -> str:
    return f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"


def test_every_module_says_what_it_is() -> None:
    """A module's docstring opens with one sentence."""
    openings = {
        str(path.relative_to(ROOT)): (ast.get_docstring(tree(path)) or "").partition("\n")[0]
        for path in MODULES
    }
    assert [name for name, opening in openings.items() if not opening.endswith(".")] == []


def test_every_test_says_what_it_pins() -> None:
    """Each test has a docstring of one sentence that states a behaviour."""
    silent = [
        where(path, f)
        for path in TESTS
        for f in functions(path)
        if f.name.startswith("test_") and not (ast.get_docstring(f) or "").strip()
    ]
    assert silent == []


def test_nothing_is_patched() -> None:
    """No test replaces what it tests: transports, clocks and executors are injected.

    The vendors' own SDKs, which the conformance tests run, take no transport.
    """
    patching = {"monkeypatch", "mocker"}
    found = [
        where(path, f)
        for path in TESTS
        if "conformance" not in path.parts
        for f in functions(path)
        for argument in f.args.args
        if argument.arg in patching
    ]
    assert found == []


def test_tests_end_at_this_machine() -> None:
    """A test that would reach another machine fails at once, by name and by address."""
    with pytest.raises(PermissionError, match=r"tried to reach 192\.0\.2\.1"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    with pytest.raises(PermissionError, match=r"tried to reach quantum\.example"):
        socket.getaddrinfo("quantum.example", 443)


def test_tests_may_reach_this_machine() -> None:
    """Servers on the loopback interface, by name and by address, are what many tests talk to."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=1).close()
    assert socket.getaddrinfo("localhost", 80)


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if path.name != "__init__.py"],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_a_stated_list_of_names_is_complete(path: Path) -> None:
    """A module that states `__all__` names there all it defines without a leading underscore."""
    defined, imported, stated = set(), set(), None
    for node in tree(path).body:
        if isinstance(node, Function | ast.ClassDef):
            defined.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            imported |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = {target.id for target in targets if isinstance(target, ast.Name)}
            if "__all__" in names and node.value is not None:
                stated = ast.literal_eval(node.value)
            defined |= names
    if stated is not None:
        assert {name for name in defined if not name.startswith("_")} <= set(stated)
        assert set(stated) <= defined | imported
