"""A careful script on pasqal-cloud: closed batches of ten jobs, or one open batch."""

from __future__ import annotations

import time

from careful import FEWEST, angle, main, twice
from pasqal_cloud.endpoints import Endpoints, TokenProviderConf
from pasqal_cloud.pasqal_cloud_client import PasqalCloudClient


def connect(env: dict[str, str]) -> PasqalCloudClient:
    return PasqalCloudClient(
        username=env["QUANTUM_ASYNC_PASQAL_USERNAME"],
        password=env["QUANTUM_ASYNC_PASQAL_PASSWORD"],
        project_id=env["QUANTUM_ASYNC_PASQAL_PROJECT_ID"],
        endpoints=Endpoints(
            core=env["QUANTUM_ASYNC_PASQAL_CORE_URL"],
            account=env["QUANTUM_ASYNC_PASQAL_ACCOUNT_URL"],
        ),
        auth_config=TokenProviderConf(
            token_endpoint=env["QUANTUM_ASYNC_PASQAL_TOKEN_URL"],
            public_client_id="client",
            audience="audience",
            realm="pcs-users",
            grant_type="http://auth0.com/oauth/grant-type/password-realm",
        ),
    )


class Closed:
    """Every submission is a batch of its own."""

    def __init__(self, env, program) -> None:
        self.client = connect(env)
        self.program = program

    def jobs(self, points: list[int]) -> list[dict]:
        return [{"runs": FEWEST + p, "variables": {"theta": angle(p)}} for p in points]

    def submit(self, points: list[int]) -> str:
        jobs = self.jobs(points)
        return self.client.create_batch(self.program, jobs, device_type="EMU_FREE").id

    def fetch(self, name: str) -> list[dict]:
        batch = self.client.get_batch(name)
        while batch.status in {"PENDING", "RUNNING"}:
            time.sleep(0.2)
            batch.refresh()
        return [job.result for job in batch.ordered_jobs]

    def close(self) -> None:
        """There is nothing to close."""


class Open(Closed):
    """One batch that every submission adds jobs to."""

    batch = None

    def submit(self, points: list[int]) -> str:
        if self.batch is None:
            self.batch = self.client.create_batch(
                self.program, [], device_type="EMU_FREE", open=True
            )
        self.batch.add_jobs(self.jobs(points))
        return " ".join(job.id for job in self.batch.ordered_jobs[-len(points) :])

    def fetch(self, name: str) -> list[dict]:
        return [self.one(job) for job in name.split()]

    def one(self, name: str) -> dict:
        job = self.client.get_job(name)
        while job.status in {"PENDING", "RUNNING"}:
            time.sleep(0.2)
            job = self.client.get_job(name)
        return job.result

    def close(self) -> None:
        if self.batch is not None:
            twice(self.batch.close)


if __name__ == "__main__":
    main(lambda env, program, given: (Open if given.open else Closed)(env, program))
