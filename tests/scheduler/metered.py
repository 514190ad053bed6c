"""A program that measures and traces its jobs in a sandbox, and prints what was seen.

A process of its own, because OpenTelemetry cannot be switched off again.
"""

from __future__ import annotations

import json
import sys

import anyio
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import quantum_async as qa
from quantum_async.providers.iqm.circuits import Circuit, Instruction
from quantum_async.sandbox import Sandbox

BUSY = {"provider": "azure", "method": "PUT", "route": "*/jobs/{id}", "nth": 1}
# Both as their services read them: translating a circuit would take longer than all the rest.
BELL = qa.Program(
    '{"qubits": 2, "circuit": [{"gate": "h", "target": 0}, '
    '{"gate": "cnot", "control": 0, "target": 1}]}',
    qa.ProgramFormat.IONQ,
)
FLIP = Circuit(
    "flip",
    (
        Instruction("prx", ("QB1",), {"angle": 3.14, "phase": 0.0}),
        Instruction("measure", ("QB1",), {"key": "c"}),
    ),
).program()


async def main() -> None:
    """Run jobs on two services, one of which is busy for a moment."""
    reader, exporter, traces = InMemoryMetricReader(), InMemorySpanExporter(), TracerProvider()
    metrics.set_meter_provider(MeterProvider([reader]))
    traces.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(traces)
    async with Sandbox(simulate=False, services=("azure", "iqm"), job_time=0.1) as sandbox:
        await sandbox.set_faults([BUSY | {"fault": "retry-after:0.05"}])
        clients = sandbox.client("azure"), sandbox.client("iqm")
        async with qa.Scheduler(*clients) as scheduler:
            with trace.get_tracer("mine").start_as_current_span("mine"):
                for program, target in (
                    (BELL, "azure:ionq.simulator"),
                    (BELL, "azure:ionq.simulator"),
                    (FLIP, "iqm:garnet"),
                ):
                    await scheduler.submit(program, shots=10, on=target)
    (seen,) = json.loads(reader.get_metrics_data().to_json())["resource_metrics"]
    spans = [json.loads(span.to_json()) for span in exporter.get_finished_spans()]
    sys.stdout.write(json.dumps({"metrics": seen["scope_metrics"], "spans": spans}))


anyio.run(main)
