"""Every example runs: those of docstrings, and those of the documentation's pages."""

from __future__ import annotations

import ast
import contextlib
import inspect
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from quantum_async.sandbox import BlockingSandbox
from tests.pages import LANGUAGES, SAVED, Page, pages, run as run_page

PACKAGE = Path(__file__).parents[1] / "quantum_async"
FENCE = re.compile(
    r"^(?P<indent> *)```python\n(?P<code>.*?)^(?P=indent)```$", re.DOTALL | re.MULTILINE
)
if TYPE_CHECKING:
    from collections.abc import Iterator

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


PROVIDERS = ("pasqal", "azure", "iqm", "qoro")


@pytest.fixture(scope="module")
def clouds() -> Iterator[BlockingSandbox]:
    """A sandbox that simulates, for the pages that need one."""
    with BlockingSandbox(job_time=0.02, parallel=True, workers=1, seed=1) as sandbox:
        yield sandbox


@pytest.mark.pages
@pytest.mark.parametrize("page", [page for page in pages() if page.blocks], ids=str)
def test_page_runs(page: Page, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Every block of the page runs, in order, and prints what the page says."""
    variables: dict[str, str] = {}
    if page.needs_sandbox:
        sandbox = request.getfixturevalue("clouds")
        sandbox.reset()
        for provider in PROVIDERS:
            variables |= sandbox.env(provider)
    with contextlib.chdir(tmp_path):
        run_page(page, variables)


@pytest.mark.parametrize("page", pages(), ids=str)
def test_no_block_of_a_page_is_left_out(page: Page) -> None:
    """A page has no block that this suite would pass over without a word."""
    for block in page.blocks:
        assert block.language in LANGUAGES, f"{block}: nobody runs {block.language!r}"
        assert block.language not in SAVED or block.title, f"{block}: saved under no name"


def written(folder: Path, text: str) -> Page:
    (folder / "page.md").write_text(text)
    return Page(folder / "page.md")


@pytest.mark.parametrize(
    "text",
    [
        "```python\nassert 1 == 2\n```\n",
        "```python\nimport anyio\nawait anyio.sleep(0)\nassert 1 == 2\n```\n",
        "```python\nprint(1)\n```\n\n```text\n2\n```\n",
        '```python title="a.py"\nassert 1 == 2\n```\n\n```console\npython a.py\n```\n',
    ],
    ids=["plain", "awaiting", "output", "file"],
)
def test_a_wrong_page_fails(text: str, tmp_path: Path) -> None:
    """A page is really run, and what it promises to print is compared."""
    with contextlib.chdir(tmp_path), pytest.raises(AssertionError):
        run_page(written(tmp_path, text), {})
