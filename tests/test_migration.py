"""What the migration pages say our operations are called is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import quantum_async as qa
from quantum_async.integrations.pulser import PulserConnection, QPUBackend
from quantum_async.integrations.pulser.results import AsyncResults
from tests.pages import Block, pages

PAGES = Path(__file__).parents[1] / "docs" / "migrating"
PATH = re.compile(r"`([a-z]\w*(?:\.\w+)+)`")
ID = "00000000-0000-4000-8000-000000000002"
CLIENTS = {
    "pasqal-cloud": qa.PasqalClient(token="t"),
    "azure-quantum": qa.AzureClient(
        f"/subscriptions/{ID}/resourceGroups/g/providers/Microsoft.Quantum/Workspaces/work",
        api_key="k",
        location="eastus",
    ),
    "iqm-client": qa.IQMClient("https://quantum.example", token="t"),
    "divi": qa.QoroClient(api_key="k"),
    "pulser": None,
}
ROOTS = {
    "qa": qa,
    "scheduler": qa.Scheduler,
    "batch": qa.Batch,
    "job": qa.Job,
    "result": qa.Result,
    "connection": PulserConnection,
    "backend": QPUBackend,
    "results": AsyncResults,
}


def rows(page: str) -> list[tuple[str, str]]:
    """Return the cells of a page's tables of operations."""
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8").partition("## Every operation")[2]
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return [(cells[1].strip(), cells[2].strip()) for cells in (line.split("|") for line in lines)]


def named(page: str) -> list[str]:
    return sorted({path for _, ours in rows(page) for path in PATH.findall(ours)})


@pytest.mark.parametrize("page", CLIENTS)
def test_every_operation_that_a_page_names_is_there(page: str) -> None:
    """Each dotted name on our side of a table leads to something."""
    assert named(page)
    for path in named(page):
        root, *rest = path.split(".")
        found = CLIENTS[page] if root == "client" else ROOTS[root]
        for name in rest:
            assert hasattr(found, name), f"{page}: {path} is not there"
            found = getattr(found, name)


@pytest.mark.parametrize("page", CLIENTS)
def test_every_row_says_something(page: str) -> None:
    """No operation of a vendor is left without an answer."""
    assert all(ours for _, ours in rows(page))


def test_every_page_is_looked_at() -> None:
    """A new page of migration is not passed over."""
    found = {path.stem for path in PAGES.glob("*.md")} - {"index"}
    assert found == set(CLIENTS)


VENDORS_BLOCKS = [block for page in pages() for block in page.blocks if block.is_vendors]


@pytest.mark.parametrize("block", VENDORS_BLOCKS, ids=str)
def test_every_vendors_block_is_run_by_its_environment(block: Block) -> None:
    """What this suite leaves to a vendor's environment is named by a test there."""
    tests = (Path(__file__).parent / "conformance").glob("*/test_migration.py")
    title = block.title.split()[0].rstrip(":")
    assert block.path.parent == PAGES
    assert any(
        f'"{title}' in text and f'"{block.path.stem}' in text
        for text in (path.read_text(encoding="utf-8") for path in tests)
    )


def test_vendors_blocks_are_found() -> None:
    """An empty set of blocks would pass unnoticed."""
    assert len({block.path for block in VENDORS_BLOCKS}) == len(CLIENTS)
