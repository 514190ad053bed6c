"""Pulser's documents, as far as services read and write them: configurations and results."""

from __future__ import annotations

import json
import uuid
from functools import lru_cache
from typing import TYPE_CHECKING

import pydantic_core

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

_DEFAULT_SHOTS = 1000
_COMMON = {
    "callbacks",
    "observables",
    "default_evaluation_times",
    "initial_state",
    "with_modulation",
    "interaction_matrix",
    "prefer_device_noise_model",
    "noise_model",
    "n_trajectories",
    "default_num_shots",
}


@lru_cache(maxsize=64)
def default_shots(configuration: str) -> int:
    """Say how many shots a job takes that does not say so itself.

    Args:
        configuration: The configuration as text; empty for none.
    """
    document = _read(configuration)
    observables = document.get("observables")
    wanted = [
        observable.get("num_shots")
        for observable in (observables if isinstance(observables, list) else ())
        if isinstance(observable, dict) and observable.get("observable") == "bitstrings"
    ]
    for shots in (*wanted, document.get("default_num_shots")):
        if isinstance(shots, int) and shots > 0:
            return shots
    return _DEFAULT_SHOTS


@lru_cache(maxsize=64)
def common_part(configuration: str) -> str:
    """Leave out what only one emulator understands, such as a number of GPUs.

    Args:
        configuration: The configuration as text; empty for none.
    """
    if not configuration:
        return ""
    document = _read(configuration)
    return json.dumps({name: value for name, value in document.items() if name in _COMMON})


def pulser_results(atoms: tuple[str, ...], duration: int, counts: Mapping[str, int]) -> str:
    """Write counts as the abstract representation of Pulser's ``Results``.

    Args:
        atoms: Names of the atoms in key order.
        duration: Length of the sequence in ns.
        counts: How often each outcome was seen at the end.
    """
    observable = str(uuid.UUID(int=0))
    return json.dumps(
        {
            "atom_order": list(atoms),
            "total_duration": duration,
            "tagmap": {"bitstrings": observable},
            "results": {observable: [dict(counts)]},
            "times": {observable: [1.0]},
            "aggregation_methods": {observable: 3},
        }
    )


def _read(configuration: str) -> dict[str, JsonValue]:
    if not configuration:
        return {}
    try:
        # Emulators' own settings may hold a bare Infinity, which this reader takes.
        document = pydantic_core.from_json(configuration)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
