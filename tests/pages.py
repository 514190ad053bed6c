"""The pages of the documentation as programs: what a block of code is, and how it is run.

Blocks of a page run in order, in one namespace and one folder of their own:

- ``python`` runs as it stands, with `await` allowed at its top level; with a title that is a file's
  name it is saved instead, as is a block of any other language;
- ``console`` runs in bash, except for lines that install something;
- ``text`` that follows either at once is what they print, with ``...`` for what differs;
- ``python`` whose title begins with a vendor's library runs in the vendor's own environment
  (tests/conformance), and with ``both`` there and here.

``<!-- needs: sandbox -->`` on a page points every client at a sandbox.
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import inspect
import io
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[1]
VENDORS = ("pasqal-cloud", "pulser-pasqal", "pulser-azure", "azure-quantum", "iqm-client", "divi")
FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)(?P<info>[^\n]*)\n(?P<code>.*?)^(?P=indent)```$",
    re.DOTALL | re.MULTILINE,
)
TITLE = re.compile(r'title="([^"]*)"')
INSTALLS = re.compile(
    r"^(pip|python3? -m (pip|venv)|git clone|cd|nox|sbatch|scancel|\.venv/bin/nox)\b"
)
PORT = re.compile(r"\b8\d{3}\b")
SHOWN_ONLY = {"text", "diff"}
SAVED = {"toml", "yaml", "json", "ini", "bash", "qasm"}
LANGUAGES = SHOWN_ONLY | SAVED | {"python", "console"}


@dataclass(frozen=True)
class Block:
    """A block of code on a page."""

    path: Path
    line: int
    language: str
    title: str
    code: str
    follows: bool
    """Whether nothing stands between it and the block before."""

    def __str__(self) -> str:
        return f"{self.path.name}:{self.line}"

    @property
    def is_vendors(self) -> bool:
        """Whether it runs in a vendor's environment."""
        return self.title.startswith(VENDORS)


@dataclass(frozen=True)
class Page:
    """A page, with its blocks in order."""

    path: Path

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def text(self) -> str:
        """What it says."""
        return self.path.read_text(encoding="utf-8")

    @property
    def needs_sandbox(self) -> bool:
        """Whether its clients talk to a sandbox."""
        return "<!-- needs: sandbox -->" in self.text

    @property
    def blocks(self) -> list[Block]:
        """Its blocks of code."""
        text, found, end = self.text, [], 0
        for match in FENCE.finditer(text):
            title = TITLE.search(match["info"])
            width = len(match["indent"])
            code = "".join(line[width:] or "\n" for line in match["code"].splitlines(keepends=True))
            line = text[: match.start("code")].count("\n") + 1
            follows = not text[end : match.start()].strip()
            found.append(
                Block(
                    self.path,
                    line,
                    match["language"],
                    title[1] if title else "",
                    code,
                    follows and bool(found),
                )
            )
            end = match.end()
        return found


def pages() -> list[Page]:
    """Every page of the documentation, and the README."""
    return [Page(ROOT / "README.md"), *map(Page, sorted((ROOT / "docs").rglob("*.md")))]


def run(page: Page, variables: Mapping[str, str]) -> None:
    """Run every block of a page, in the current folder."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    printed = ""
    with surroundings(variables):
        for block in page.blocks:
            if block.is_vendors:
                continue
            if block.language == "text" and block.follows:
                check_output(block, printed)
            elif block.language in SAVED or block.title.endswith(".py"):
                Path(block.title).write_text(at_free_ports(block.code), encoding="utf-8")
            elif block.language == "python":
                printed = run_python(block, namespace)
            elif block.language == "console":
                printed = run_console(block)


@contextlib.contextmanager
def surroundings(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for a while."""
    before = dict(os.environ)
    os.environ.update(variables, MPLBACKEND="Agg", COLUMNS="100", NO_COLOR="1")
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def run_python(block: Block, namespace: dict[str, object]) -> str:
    """Run a block, and return what it printed."""
    # Empty lines in front make a traceback point into the page.
    source = "\n" * (block.line - 1) + block.code
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    code = compile(source, str(block.path), "exec", flags, dont_inherit=True)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        if code.co_flags & inspect.CO_COROUTINE:
            anyio.run(partial(_awaited, code, namespace))
        else:
            exec(code, namespace)
    return printed.getvalue()


async def _awaited(code, namespace: dict[str, object]) -> None:
    await eval(code, namespace)


def run_console(block: Block) -> str:
    """Run a block's commands, and return what they printed."""
    script = "\n".join(line for line in block.code.splitlines() if not INSTALLS.match(line))
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    # A file, because what goes on in the background keeps a pipe open.
    with (
        tempfile.TemporaryFile("w+") as output,
        subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", at_free_ports(script)],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            text=True,
            start_new_session=True,
        ) as shell,
    ):
        try:
            shell.wait(timeout=60)
        finally:
            # What the block left running in the background.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGTERM)
        output.seek(0)
        printed = output.read()
    assert shell.returncode == 0, f"{block}: {printed}"
    return printed


def at_free_ports(code: str) -> str:
    """Put free ports of this machine in place of those that a page names."""
    return PORT.sub(lambda port: str(free_port(port[0])), code)


@cache
def free_port(written: str) -> int:
    # Other tests run at the same time, and a page's services must find each other.
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def check_output(block: Block, printed: str) -> None:
    """Compare what a page promises with what was printed."""
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert doctest.OutputChecker().check_output(block.code, printed, flags), (
        f"{block} promises\n{block.code}\nbut this was printed:\n{printed}"
    )
