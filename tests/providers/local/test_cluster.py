"""A sweep that outgrows one machine runs on a Dask cluster that exists already."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

PROGRAM = textwrap.dedent(
    """
    import os
    import signal
    from uuid import uuid4

    import anyio
    from dask.distributed import Client, LocalCluster

    from quantum_async import LocalClient, as_program
    from quantum_async.errors import ResultError
    from quantum_async.models.submission import JobSpec, RunOptions, SubmitRequest
    from qiskit import QuantumCircuit

    def made(*, runs):
        circuit = QuantumCircuit(2, 2)
        circuit.x(0)
        circuit.rz(0.0 if runs else 0.3, 0)
        circuit.measure([0, 1], [0, 1])
        return as_program(circuit)

    def wide():
        circuit = QuantumCircuit(16)
        for layer in range(20):
            circuit.rx(0.1 + layer, range(16))
        circuit.measure_all()
        return as_program(circuit)

    async def counts(client, jobs):
        refs = await client.submit(SubmitRequest(uuid4().hex, "statevector", tuple(jobs)))
        assert {s.status for s in await finished(client, refs)} == {"succeeded"}
        return [(await client.fetch(r)).counts for r in refs]

    async def finished(client, refs):
        states = {}
        while len(states) < len(refs):
            known = await client.poll([r for r in refs if r not in states], wait=1.0)
            states |= {r: s for r, s in known.items() if s.status.is_terminal}
        return [states[r] for r in refs]

    async def main(executor):
        async with LocalClient(executor=executor, seed=3) as client:
            jobs = [JobSpec(uuid4().hex, made(runs=True), 10 + n) for n in range(20)]
            refs = await client.submit(SubmitRequest(uuid4().hex, "statevector", tuple(jobs)))
            states = await finished(client, refs)
            assert {s.status for s in states} == {"succeeded"}, states
            results = [await client.fetch(r) for r in refs]
            assert [r.counts for r in results] == [{"01": 10 + n} for n in range(20)]
            bad = JobSpec(uuid4().hex, made(runs=False), 10)
            refs = await client.submit(SubmitRequest(uuid4().hex, "stabilizer", (bad,)))
            [state] = await finished(client, refs)
            assert state.status == "failed" and "stabilizer" in state.message, state

    async def lose_one(executor, pids):
        program = wide()
        jobs = [
            JobSpec(f"{n}", program, 100 + n, options=RunOptions(seed=n)) for n in range(60)
        ]
        async with LocalClient() as client:
            here = await counts(client, jobs)
        async with LocalClient(executor=executor) as client:
            refs = await client.submit(SubmitRequest("some", "statevector", tuple(jobs)))
            while not any(s.status == "succeeded" for s in (await client.poll(refs)).values()):
                await anyio.sleep(0.01)
            os.kill(pids[0], signal.SIGKILL)
            states = await finished(client, refs)
            assert {s.status for s in states} == {"succeeded"}, states
            assert [(await client.fetch(r)).counts for r in refs] == here

    if __name__ == "__main__":
        with LocalCluster(
            n_workers=1, threads_per_worker=1, dashboard_address=":0", silence_logs=50
        ) as cluster, Client(cluster) as client:
            anyio.run(main, client.get_executor())
            cluster.scale(2)
            client.wait_for_workers(2)
            pids = list(client.run(os.getpid).values())
            anyio.run(lose_one, client.get_executor(), pids)
        print("the end")
    """
)


@pytest.mark.dask
def test_a_dask_clusters_executor_runs_jobs(tmp_path):
    """Programs go out, results and errors come back, also past a worker that is killed."""
    path = tmp_path / "sweep.py"
    path.write_text(PROGRAM)
    process = subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, timeout=280, check=False
    )
    assert process.returncode == 0, process.stderr
    assert "the end" in process.stdout
