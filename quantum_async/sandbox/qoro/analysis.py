"""What the service finds out about a QUBO: enough to answer as it does."""

from __future__ import annotations

from itertools import islice, product
from typing import TYPE_CHECKING

from quantum_async.sandbox.exchange import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic import JsonValue

_GROUPS = {
    "analysis",
    "ansatz",
    "cost_qubo",
    "penalty_qubo",
    "constraints",
    "n_qubits",
    "preset",
    "subspace",
}
_LARGEST = 12


def analysed(body: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Analyse a problem.

    Raises:
        Refusal: The problem or an option is wrong.
    """
    qubo = body.get("qubo")
    options = body.get("options")
    options = {} if options is None else options
    if not isinstance(qubo, dict) or not qubo:
        raise Refusal(400, "qubo must be a non-empty object")
    if not isinstance(options, dict):
        raise Refusal(400, "options must be an object")
    if unknown := sorted(set(options) - _GROUPS):
        raise Refusal(400, f"Unknown option keys: {', '.join(unknown)}")
    states = body.get("reference_states", body.get("target_states")) or []
    wanted = [str(state) for state in states] if isinstance(states, list) else []
    terms = _terms(qubo)
    best = _best(terms)
    found: list[JsonValue] = [
        {
            "state": state,
            "is_reference": True,
            "probability": 1 / max(1, len(wanted)),
            "energy": _energy(terms, state),
        }
        for state in wanted
    ]
    close = [1.0 for state in wanted if best is not None and _energy(terms, state) <= best + 1e-9]
    score = 100.0 * len(close) / len(wanted) if wanted else None
    report: dict[str, JsonValue] = {
        "regime": "exact" if best is not None else "estimate",
        "confidence": "proven" if best is not None else "open",
        "reference_concentration_score": score,
        "state_probabilities": found,
        "best_parameters": {"gamma": 1.2, "beta": 0.7},
    }
    deep = options.get("preset") == "deep" or _asks_hardness(options.get("analysis"))
    hardness: JsonValue = {"difficulty": "easy", "treewidth_estimate": 1} if deep else None
    advice: JsonValue = {
        "level": "info",
        "metric": "quality_score",
        "text": "fine",
        "html": "<b>fine</b>",
    }
    return {"hardness": hardness, "report": report, "recommendations": [advice]}


def page(job_id: str) -> str:
    """Write the report for notebooks."""
    return f'<div class="qvr-root"><h3>Characterisation {job_id}</h3></div>'


def _asks_hardness(analysis: JsonValue) -> bool:
    return isinstance(analysis, dict) and analysis.get("hardness_only") is True


def _terms(qubo: Mapping[str, JsonValue]) -> list[tuple[tuple[int, ...], float]]:
    if qubo.get("_format") == "factored_v1":
        return []
    try:
        return [
            (tuple(sorted({int(index) for index in key.split(",")})), float(str(value)))
            for key, value in qubo.items()
        ]
    except ValueError as error:
        raise Refusal(400, f"bad qubo: {error}") from error


def _best(terms: list[tuple[tuple[int, ...], float]]) -> float | None:
    size = 1 + max((index for indices, _ in terms for index in indices), default=-1)
    if not 0 < size <= _LARGEST:
        return None
    every: Iterable[tuple[str, ...]] = islice(product("01", repeat=size), 2**_LARGEST)
    return min(_energy(terms, "".join(bits)) for bits in every)


def _energy(terms: list[tuple[tuple[int, ...], float]], state: str) -> float:
    return sum(
        value
        for indices, value in terms
        if all(index < len(state) and state[index] == "1" for index in indices)
    )
