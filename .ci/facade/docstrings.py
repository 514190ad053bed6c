"""Docstrings of the async classes as those of their blocking twins, examples included."""

from __future__ import annotations

import ast
import re

PHRASES = {
    "``await job``": "``job.result()``",
    "await it to get all": "call `result` to get all",
    "``async for``": "``for``",
    "an ``async with``": "a ``with``",
    "``async with``": "``with``",
    "as an async iterator": "as an iterator",
    "An async iterator over": "An iterator over",
    "too, and raise when awaited": "too; their `Job.result` raises",
    "awaiting the job does": "`Job.result` does",
    "by several tasks": "by several threads",
}
"""What reads otherwise when nobody awaits; each is there because some docstring has it."""

TIMEOUT = "timeout: Longest time in seconds until the call is given up; no limit by default."
PROGRESS = (
    "progress: Whether waiting shows how far the work has come; by default it does in notebooks."
)

_SECTION = re.compile(r"^(Args|Returns|Yields|Raises|Example):$", re.MULTILINE)
_EXAMPLE = re.compile(r"^( *)```python\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)


def twin_doc(doc: str, path: str, *, argument: str = "") -> str:
    """Write a docstring for the blocking twin.

    Args:
        doc: The async docstring.
        path: The dotted path of what it documents.
        argument: The documentation of an argument that only the twin has.
    """
    for phrase, words in PHRASES.items():
        doc = doc.replace(phrase, words)
    doc = _EXAMPLE.sub(_blocking_example, doc)
    if argument:
        doc = _with_argument(doc, argument)
    text, mark, examples = doc.partition("\nExample:\n")
    origin = f"Blocking twin of `{path}`."
    return f"{text.rstrip()}\n\n{origin}" + (f"\n{mark}{examples}" if mark else "")


def _with_argument(doc: str, argument: str) -> str:
    sections = list(_SECTION.finditer(doc))
    named = [place for place, section in enumerate(sections) if section[1] == "Args"]
    if named:
        following = sections[named[0] + 1 : named[0] + 2]
        end = following[0].start() if following else len(doc)
        before, after = doc[:end].rstrip(), doc[end:]
        return f"{before}\n    {argument}\n" + (f"\n{after}" if after else "")
    start = sections[0].start() if sections else len(doc)
    before, after = doc[:start].rstrip(), doc[start:]
    return f"{before}\n\nArgs:\n    {argument}\n" + (f"\n{after}" if after else "")


def _blocking_example(match: re.Match[str]) -> str:
    indent = match[1]
    lines = [line.removeprefix(indent) for line in match[2].splitlines()]
    code = blocking_code("\n".join(lines))
    body = "\n".join(f"{indent}{line}".rstrip() for line in code.splitlines())
    return f"{indent}```python\n{body}\n{indent}```"


def blocking_code(code: str) -> str:
    """Rewrite an example: one changed import, and nothing to await.

    Args:
        code: Python with ``await``, at its top level or in a function ``main``.
    """
    tree = ast.parse(code)
    body: list[ast.stmt] = []
    for node in tree.body:
        # A function `main` is there only because `await` needs one.
        is_main = isinstance(node, ast.AsyncFunctionDef) and node.name == "main"
        body += node.body if is_main and isinstance(node, ast.AsyncFunctionDef) else [node]
    tree.body = body
    return ast.unparse(ast.fix_missing_locations(_Blocking().visit(tree)))


class _Blocking(ast.NodeTransformer):
    def visit_Import(self, node: ast.Import) -> ast.AST:
        for alias in node.names:
            if alias.name == "quantum_async":
                alias.name = "quantum_async.blocking"
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        if node.module == "quantum_async":
            node.module = "quantum_async.blocking"
        return node

    def visit_AsyncWith(self, node: ast.AsyncWith) -> ast.AST:
        self.generic_visit(node)
        return ast.With(node.items, node.body)

    def visit_AsyncFor(self, node: ast.AsyncFor) -> ast.AST:
        self.generic_visit(node)
        return ast.For(node.target, node.iter, node.body, node.orelse)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        self.generic_visit(node)
        return ast.FunctionDef(node.name, node.args, node.body, node.decorator_list, node.returns)

    def visit_Await(self, node: ast.Await) -> ast.AST:
        awaited = node.value
        self.generic_visit(node)
        # A coroutine has run when its twin returns; a handle has to be asked for its result.
        if isinstance(awaited, ast.Call) and not ast.unparse(awaited.func).endswith(".sweep"):
            return node.value
        return ast.Call(ast.Attribute(node.value, "result", ast.Load()), [], [])
