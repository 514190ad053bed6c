"""A program that measures its jobs, and prints what was measured.

A process of its own, because OpenTelemetry cannot be switched off again.
"""

from __future__ import annotations

import json
import sys

import anyio
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

import quantum_async as qa

reader = InMemoryMetricReader()


async def main() -> None:
    """Run three jobs on this machine."""
    metrics.set_meter_provider(MeterProvider([reader]))
    program = 'OPENQASM 3; include "stdgates.inc"; qubit q; bit c; h q; c = measure q;'
    async with qa.Scheduler(qa.LocalClient(seed=1)) as scheduler:
        jobs = [await scheduler.submit(program, shots=10) for _ in range(3)]
        for job in jobs:
            await job
    found = {}
    for resource in reader.get_metrics_data().resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                found[metric.name] = [
                    {
                        "attributes": dict(point.attributes),
                        "value": getattr(point, "value", None),
                        "count": getattr(point, "count", None),
                    }
                    for point in metric.data.data_points
                ]
    sys.stdout.write(json.dumps(found))


anyio.run(main)
