"""Sequences as text, small enough to be written by hand."""

from __future__ import annotations

import json

from quantum_async.models.program import Program, ProgramFormat


def text(*, atoms=2, variables=("omega",), mappable=False, device="FRESNEL", measured=True, size=1):
    """As much of an abstract representation as is read without Pulser."""
    names = [f"q{place}" for place in range(atoms)]
    register = [{"qid": n} if mappable else {"name": n, "x": 0.0, "y": 0.0} for n in names]
    return json.dumps(
        {
            "version": "1",
            "name": "test",
            "register": register,
            "channels": {"g": "rydberg_global"},
            "device": {"name": device, "max_runs": 2000, "channels": []},
            "variables": {n: {"type": "float", "value": [0.0] * size} for n in variables},
            "operations": [],
            "measurement": "ground-rydberg" if measured else None,
        }
    )


def program(**changes) -> Program:
    """The same as a program."""
    return Program(text(**changes), ProgramFormat.PULSER)
