"""A careful script on iqm-client: ten circuits per job."""

from __future__ import annotations

from uuid import UUID

from careful import angle, main, shots
from iqm.iqm_client import Circuit, IQMClient
from iqm.pulse import CircuitOperation


def circuit(point: int) -> Circuit:
    return Circuit(
        name=f"point-{point}",
        instructions=(
            CircuitOperation("prx", ("QB1",), {"angle": angle(point), "phase": 0.0}),
            CircuitOperation("cz", ("QB1", "QB2"), {}),
            CircuitOperation("measure", ("QB1", "QB2"), {"key": "m"}),
        ),
    )


class Script:
    """Jobs of several circuits."""

    def __init__(self, env, _program, _given) -> None:
        self.client = IQMClient.from_url(
            env["IQM_SERVER_URL"], quantum_computer="garnet", token="any"
        )

    def submit(self, points: list[int]) -> str:
        circuits = [circuit(point) for point in points]
        return str(self.client.submit_circuits(circuits, shots=shots(points)).job_id)

    def fetch(self, name: str) -> list[dict]:
        job = self.client.get_job(UUID(name))
        job.wait_for_completion(timeout_secs=60.0, polling_interval=0.2)
        return [found.counts for found in job.result_counts()]

    def close(self) -> None:
        """There is nothing to close."""


if __name__ == "__main__":
    main(Script)
