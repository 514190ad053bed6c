"""Our client as a process that takes one call per line and writes down what comes back.

The vendor's environment does not hold our package, so the differential tests drive it from there.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from functools import partial
from pathlib import Path

import anyio
from pydantic import BaseModel

from quantum_async.errors import QuantumAsyncError
from quantum_async.models.limits import Limits
from quantum_async.programs.objects import as_program
from quantum_async.providers.iqm.architecture import Architecture
from quantum_async.providers.iqm.circuits import Circuit
from quantum_async.providers.iqm.client import IQMClient
from quantum_async.providers.iqm.options import (
    DDSequence,
    DDStrategy,
    HeraldingMode,
    IQMOptions,
    MoveFrameTracking,
    MoveValidation,
)
from quantum_async.providers.iqm.translate.protobuf import SweepArray
from quantum_async.providers.local.client import LocalClient
from quantum_async.scheduler.scheduler import Scheduler

_PATH = Path(__file__).parents[2] / "wire" / "iqm" / "golden.py"
_spec = importlib.util.spec_from_file_location("iqm_golden", _PATH)
golden = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(golden)


def plain(value):
    """Turn a value of ours into JSON."""
    if isinstance(value, Architecture):
        return plain(value.described)
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, SweepArray):
        return {"shape": list(value.shape), "values": list(value.values)}
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return value


def options_of(fields):
    """Make options of JSON."""
    strategy = fields.get("dynamical_decoupling")
    if isinstance(strategy, dict):
        sequences = tuple(
            DDSequence(length, gates if isinstance(gates, str) else tuple(map(tuple, gates)), where)
            for length, gates, where in strategy.pop("gate_sequences")
        )
        strategy["target_qubits"] = tuple(strategy["target_qubits"])
        fields["dynamical_decoupling"] = DDStrategy(sequences, **strategy)
    kinds = {
        "heralding_mode": HeraldingMode,
        "move_validation": MoveValidation,
        "move_frame_tracking": MoveFrameTracking,
    }
    return IQMOptions(**{n: kinds[n](v) if n in kinds else v for n, v in fields.items()})


async def counts(client, request):
    """Run a golden circuit through a scheduler and give its counts."""
    name, layout = request["name"], request.get("layout", ())
    mapping = {str(place): qubit for place, qubit in enumerate(layout)}
    options = IQMOptions(qubit_mapping=mapping, transpile=request.get("transpile", False))
    chosen = {"options": options} if isinstance(client, IQMClient) else {}
    async with Scheduler(client, limits=Limits(min_poll_interval=0.02)) as scheduler:
        job = await scheduler.submit(
            as_program(golden.CIRCUITS[name]()), shots=golden.SHOTS, on=request["on"], **chosen
        )
        return dict((await job).counts)


def operations(client):
    """List what our client can do: its own methods, and those of its resource groups."""
    found = [name for name in dir(client) if not name.startswith("_")]
    for group in ("jobs", "computers", "calibration", "pulses", "tokens"):
        found += [f"{group}.{n}" for n in dir(getattr(client, group)) if not n.startswith("_")]
    return found


async def call(client, request):
    """Make one call: a method's path, or ``counts`` of a golden circuit."""
    if request["call"] == "operations":
        return operations(client)
    if request["call"] == "counts":
        is_local = request["on"].startswith("local")
        return await counts(LocalClient(seed=1) if is_local else client, request)
    arguments = request.get("arguments", {})
    if "circuits" in arguments:
        arguments["circuits"] = [
            Circuit.of(item)
            if "instructions" in item
            else as_program(golden.CIRCUITS[item["name"]]())
            for item in arguments["circuits"]
        ]
    if "options" in arguments:
        arguments["options"] = options_of(arguments["options"])
    if "run_definition" in arguments:
        arguments["run_definition"] = bytes.fromhex(arguments["run_definition"])
    target = client
    for name in request["call"].split("."):
        target = getattr(target, name)
    return plain(await target(*request.get("positional", []), **arguments))


async def main():
    """Serve calls until the input ends."""
    async with IQMClient.from_env(json.loads(os.environ["SANDBOX"])) as client:
        while line := await anyio.to_thread.run_sync(sys.stdin.readline):
            try:
                answer = {"value": await call(client, json.loads(line))}
            except QuantumAsyncError as error:
                answer = {"error": type(error).__name__, "message": str(error)}
            text = json.dumps(answer, default=str)
            await anyio.to_thread.run_sync(partial(print, text, flush=True))


if __name__ == "__main__":
    anyio.run(main)
