"""A careful script on Divi's QoroService: ten circuits per job."""

from __future__ import annotations

from careful import angle, main, shots
from divi.backends import JobConfig, QoroService
from divi.backends._base import ExecutionResult
from divi.backends.runners import _qoro

CIRCUIT = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
creg c[2];
rx({angle}) q[0];
cz q[0],q[1];
measure q -> c;
"""


class Script:
    """Jobs of several circuits."""

    def __init__(self, env, _program, _given) -> None:
        _qoro.API_URL = env["QUANTUM_ASYNC_QORO_URL"]
        config = JobConfig(shots=10, simulator_cluster="qoro_maestro")
        self.service = QoroService(
            auth_token=env["QORO_API_KEY"], job_config=config, polling_interval=0.2
        )

    def submit(self, points: list[int]) -> str:
        circuits = {f"p{point}": CIRCUIT.format(angle=angle(point)) for point in points}
        config = self.service.job_config.override(shots=shots(points))
        return self.service.submit_circuits(circuits, job_config=config).job_id

    def fetch(self, name: str) -> list[dict]:
        job = ExecutionResult(job_id=name)
        self.service.poll_job_status(job, loop_until_complete=True, verbose=False)
        return [row["results"] for row in self.service.get_job_results(job).results]

    def close(self) -> None:
        """There is nothing that could be closed."""


if __name__ == "__main__":
    main(Script)
