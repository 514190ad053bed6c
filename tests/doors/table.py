"""The table doors x promises: for each cell the test that holds it, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping

PROMISES: Mapping[str, str] = {
    "told": "written down before it is told",
    "left": "cancelled where it is left by an error",
    "killed": "killed and run again: nothing lost, nothing twice",
    "budget": "budget kept",
    "limits": "limits kept",
    "options": "options carried or refused",
    "input": "bad input refused before anything is sent",
    "results": "results as from the main door",
}
"""What is promised, by the word that the table uses, and how the documentation says it."""

USUAL: Mapping[str, str] = {
    "told": "test_what_is_told_is_in_the_journal",
    "left": "test_leaving_by_an_error_cancels",
    "killed": "test_killed_and_run_again_nothing_is_paid_twice",
    "budget": "test_a_budget_is_kept",
    "limits": "test_limits_are_kept",
    "options": "test_options_are_carried_or_refused",
    "input": "test_bad_input_is_refused_before_anything_is_sent",
    "results": "test_results_are_those_of_the_main_door",
}
"""The test that holds a promise at most doors."""

OF_PULSER: Mapping[str, str] = {"options": "test_job_parameters_are_carried_or_refused"}
"""Pulser's backends have no options of the provider: what a job is given is in its parameters."""
OF_DIVI: Mapping[str, str] = {"options": "test_divis_configurations_are_carried_or_refused"}
OF_COMMANDS: Mapping[str, str] = {
    "left": "test_an_interrupted_command_cancels",
    "budget": "a command has no budget: it runs the programs that are typed, as often as it says",
    "limits": "a command has no limits of its own: it takes those of the provider",
}
GOES_ON: Mapping[str, str] = {"left": "test_what_goes_on_is_found_again"}
"""Where jobs go on by what the vendor, or the user, has said."""

TABLE: Mapping[str, Mapping[str, str]] = {
    "async classes": USUAL,
    "blocking twins": USUAL,
    "stopped notebook cell": {**USUAL, **GOES_ON},
    "web handler": USUAL,
    "Pulser's QPUBackend": {**USUAL, **OF_PULSER, **GOES_ON},
    "our Pulser backends": {**USUAL, **OF_PULSER},
    "Qiskit's backend.run": USUAL,
    "Qiskit's SamplerV2": USUAL,
    "Qiskit's EstimatorV2": USUAL,
    "Divi's runner": {**USUAL, **OF_DIVI, **GOES_ON},
    "`quantum-async run`": {**USUAL, **OF_COMMANDS},
}
"""Per door and promise the name of its test; what is no name of a test is the reason for none."""

MOST_REASONS = 10
BEGIN, END = "<!-- doors: begin -->", "<!-- doors: end -->"


def is_test(cell: str) -> bool:
    """Say whether a cell names a test, and is no reason."""
    return cell.startswith("test_")


def doors_of(test: str) -> list[str]:
    """Name the doors of which a test holds a promise."""
    return [door for door, cells in TABLE.items() if test in cells.values()]


def markdown() -> str:
    """Write the table down for the documentation, with its reasons as numbered notes."""
    reasons: list[str] = []

    def mark(cell: str) -> str:
        if is_test(cell):
            return "cancelled" if "cancels" in cell else "yes"
        if cell not in reasons:
            reasons.append(cell)
        return f"({reasons.index(cell) + 1})"

    def row(door: str, cells: Mapping[str, str]) -> str:
        marks = [
            "goes on, found again" if c == GOES_ON["left"] else mark(c) for c in cells.values()
        ]
        return f"| {' | '.join([door, *marks])} |"

    rows = [
        f"| door | {' | '.join(PROMISES.values())} |",
        f"|---|{'---|' * len(PROMISES)}",
        *(row(door, {name: cells[name] for name in PROMISES}) for door, cells in TABLE.items()),
    ]
    notes = [f"{number}. {reason}" for number, reason in enumerate(reasons, 1)]
    return "\n".join([*rows, *(["", *notes] if notes else [])])
