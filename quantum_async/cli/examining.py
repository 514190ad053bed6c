"""``quantum-async doctor``: what is installed, configured and reachable, and what has no owner."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import anyio

from quantum_async.cli.checkup import advice, check_up, checkup_document, checkup_row, setting
from quantum_async.cli.codes import ExitCode
from quantum_async.cli.complaints import complain
from quantum_async.cli.documents import dump
from quantum_async.cli.findings import Findings
from quantum_async.cli.inventory import take_inventory
from quantum_async.cli.journal import place_of
from quantum_async.cli.tidying import Tidied, tidy
from quantum_async.cli.versions import missing_by_extra, platform_words, versions_document
from quantum_async.journal.place import JournalPlace

if TYPE_CHECKING:
    from quantum_async.cli.checkup import Checkup
    from quantum_async.cli.documents import Document

HEADS = ("provider", "state", "server", "#answers in", "clock")


async def examine(
    journal: str | None, *, yes: bool, cancel: bool, offline: bool, json: bool
) -> ExitCode:
    """Look at the surroundings, then at the journal, and offer to end what nobody answers for.

    Args:
        journal: A path or URL; without it, the usual place, where there need not be one.
        yes: Act without asking: close batches, and adopt or cancel jobs.
        cancel: Cancel jobs instead of following them to their end.
        offline: Ask no provider's server.
        json: Print a document; nothing is asked.

    Raises:
        QuantumAsyncError: A provider could not be asked, or the journal cannot be read.
    """
    checkups = await check_up(offline=offline)
    if not json:
        _show(checkups)
    kept, tidied = await _keeping(journal, yes=yes, cancel=cancel, json=json)
    if json:
        document: Document = {
            "versions": versions_document(),
            "extras": {name: {"missing": gone} for name, gone in missing_by_extra().items()},
            "providers": [checkup_document(checkup) for checkup in checkups],
            "journal": kept,
            **tidied.document(),
        }
        sys.stdout.write(dump(document) + "\n")
    for checkup in checkups:
        if checkup.reach is not None and checkup.reach.error is not None:
            complain(checkup.reach.error, debug=False)
    is_sound = all(checkup.is_sound for checkup in checkups)
    return ExitCode.OK if tidied.is_clean and is_sound else ExitCode.FAILED


async def _keeping(
    journal: str | None, *, yes: bool, cancel: bool, json: bool
) -> tuple[Document, Tidied]:
    place = place_of(journal)
    file = JournalPlace.parse(place).file
    # Only a journal that somebody names has to be there.
    if journal is None and file is not None and not await anyio.Path(file).exists():
        if not json:
            _say(f"journal: there is none at {file}")
        return {"place": str(file), "exists": False}, Tidied(Findings([], [], [], []))
    inventory = await take_inventory(place)
    if not json:
        _say(str(inventory))
    return inventory.document(), await tidy(place, yes=yes, cancel=cancel, json=json)


def _say(*lines: str) -> None:
    from rich.console import Console

    from quantum_async.display.lines import print_lines

    print_lines(Console(highlight=False), *lines, indent=8)


def _show(checkups: list[Checkup]) -> None:
    from rich.console import Console

    from quantum_async.display.lines import print_lines
    from quantum_async.display.tables import print_table

    console = Console(highlight=False)
    missing = missing_by_extra()
    there = [extra for extra, gone in missing.items() if not gone]
    print_lines(console, platform_words(), f"extras: {', '.join(there) or 'none'}", indent=8)
    for extra, gone in missing.items():
        if gone:
            fix = f'pip install "quantum_async[{extra}]"'
            print_lines(console, f"without {extra} ({', '.join(gone)}): {fix}", indent=8)
    print_lines(console, "")
    print_table(console, HEADS, [checkup_row(checkup) for checkup in checkups])
    found = [f"{checkup.provider}: {words}" for checkup in checkups if (words := setting(checkup))]
    if found:
        print_lines(console, "", "found in the environment (values are never shown)")
        print_lines(console, *found, indent=8)
    wanted = [f"{checkup.provider}: {words}" for checkup in checkups if (words := advice(checkup))]
    if wanted:
        print_lines(console, "", "to use the others")
        print_lines(console, *wanted, indent=8)
    print_lines(console, "")
