"""A careful script on azure-quantum: one job per submission, which is all its client takes."""

from __future__ import annotations

import re

from azure.core.credentials import AzureKeyCredential
from azure.quantum import Workspace
from azure.quantum.target import IonQ
from careful import angle, main, shots, twice


def connect(env: dict[str, str]) -> Workspace:
    """Log in; a loopback address is what the vendor's connection strings cannot hold."""
    fields = dict(re.findall(r"(\w+)=([^;]+);", env["AZURE_QUANTUM_CONNECTION_STRING"]))
    return Workspace(
        subscription_id=fields["SubscriptionId"],
        resource_group=fields["ResourceGroupName"],
        name=fields["WorkspaceName"],
        location="eastus",
        credential=AzureKeyCredential(fields["ApiKey"]),
        _quantum_endpoint=env["QUANTUM_ASYNC_AZURE_ENDPOINT"] + "/",
        _from_connection_string=True,
    )


class Script:
    """Jobs on IonQ's simulator, in a session where that is wanted."""

    def __init__(self, env, _program, given) -> None:
        self.workspace = connect(env)
        self.target = IonQ(self.workspace, name="ionq.simulator")
        self.session = self.target.open_session(name="sweep") if given.open else None

    def submit(self, points: list[int]) -> str:
        circuit = {
            "qubits": 2,
            "circuit": [
                {"gate": "rx", "target": 0, "rotation": angle(points[0])},
                {"gate": "cnot", "control": 0, "target": 1},
            ],
        }
        return self.target.submit(circuit, name=f"point {points[0]}", shots=shots(points)).id

    def fetch(self, name: str) -> list[dict]:
        job = self.workspace.get_job(name)
        job.wait_until_completed(print_progress=False)
        return [job.get_results()["histogram"]]

    def close(self) -> None:
        if self.session is not None:
            twice(self.session.close)


if __name__ == "__main__":
    main(Script)
