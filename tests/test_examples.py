"""Every example in a docstring runs."""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "quantum_async"
FENCE = re.compile(
    r"^(?P<indent> *)```python\n(?P<code>.*?)^(?P=indent)```$", re.DOTALL | re.MULTILINE
)
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Example:
    path: Path
    line: int
    code: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(PACKAGE.parent)}:{self.line}"


def examples() -> list[Example]:
    return [
        Example(path, node.lineno + text[: match.start("code")].count("\n"), dedented(match))
        for path in sorted(PACKAGE.rglob("*.py"))
        for node, text in docstrings(path)
        for match in FENCE.finditer(text)
    ]


def docstrings(path: Path) -> list[tuple[ast.Constant, str]]:
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, Documented) and ast.get_docstring(node) is not None:
            expression = node.body[0]
            assert isinstance(expression, ast.Expr)
            assert isinstance(expression.value, ast.Constant)
            found.append((expression.value, str(expression.value.value)))
    return found


def dedented(match: re.Match[str]) -> str:
    width = len(match["indent"])
    return "\n".join(line[width:] for line in match["code"].splitlines())


async def run(example: Example) -> dict[str, object]:
    # Empty lines in front make a traceback point into the docstring.
    source = "\n" * (example.line - 1) + example.code
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    code = compile(source, str(example.path), "exec", flags, dont_inherit=True)
    namespace: dict[str, object] = {"__name__": "__main__"}
    outcome = eval(code, namespace)
    if inspect.iscoroutine(outcome):
        await outcome
    return namespace


@pytest.mark.parametrize("example", examples(), ids=str)
async def test_example_runs(example: Example, tmp_path: Path) -> None:
    """The example runs as it stands, with `await` allowed at its top level."""
    await run(example)


def test_examples_are_found() -> None:
    """The collector sees the docstrings: an empty parameter set would pass unnoticed."""
    assert any(example.path.name == "grid.py" for example in examples())


async def test_a_wrong_example_fails() -> None:
    """An example is really run, whether or not it awaits."""
    for code in ("assert 1 == 2", "import anyio\nawait anyio.sleep(0)\nassert 1 == 2"):
        with pytest.raises(AssertionError):
            await run(Example(PACKAGE / "x.py", 1, code))
