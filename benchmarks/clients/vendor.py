"""The vendor's client as its documentation shows it: serially, in 32 threads, or as an expert."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import fmean
from typing import TYPE_CHECKING

from pasqal_cloud.endpoints import Endpoints, TokenProviderConf
from pasqal_cloud.pasqal_cloud_client import PasqalCloudClient
from row import BATCH, SHOTS, Row, omegas, task

if TYPE_CHECKING:
    from types import SimpleNamespace

THREADS = 32
PASSWORD_GRANT = "http://auth0.com/oauth/grant-type/password-realm"


def client(env: dict[str, str]) -> PasqalCloudClient:
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
            grant_type=PASSWORD_GRANT,
        ),
    )


class Vendor:
    def __init__(self, wanted: SimpleNamespace, row: Row) -> None:
        self.row = row
        self.text = wanted.text
        self.cloud = client(wanted.env)
        self.times: list[float] = []

    def batch(self, values: list[float], *, wait: bool = True) -> list[object]:
        """Create a batch and wait for all its jobs."""
        jobs = [{"runs": SHOTS, "variables": {"omega": value}} for value in values]
        batch = self.cloud.create_batch(self.text, jobs, device_type="EMU_FREE", wait=wait)
        found = batch.ordered_jobs
        now = time.time()
        self.row.seen.update((job.id, now) for job in found)
        return found

    def result(self, job: object) -> None:
        assert sum(job.result.values()) == SHOTS

    def one(self, value: float) -> None:
        start = time.perf_counter()
        (job,) = self.batch([value])
        self.result(job)
        self.times.append(time.perf_counter() - start)

    def serial(self, values: list[float]) -> None:
        for value in values:
            self.one(value)
        self.further_jobs(1)

    def threads(self, values: list[float]) -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(self.one, values))
        self.further_jobs(THREADS)

    def further_jobs(self, threads: int) -> None:
        """Note what each further job would take, while all threads are at work."""
        self.row.further["each"] = fmean(self.times) / threads

    def expert(self, values: list[float]) -> None:
        groups = [values[start : start + BATCH] for start in range(0, len(values), BATCH)]
        with ThreadPoolExecutor(THREADS) as pool, ThreadPoolExecutor(THREADS) as downloads:
            waits = [pool.submit(self.batch, group) for group in groups]
            list(downloads.map(self.result, (job for wait in waits for job in wait.result())))

    def again(self, values: list[float]) -> None:
        for value in values:
            self.batch([value], wait=False)
            self.row.lap()

    def hold(self, values: list[float]) -> None:
        groups = [values[start : start + BATCH] for start in range(0, len(values), BATCH)]
        kept = [self.batch(group, wait=False) for group in groups]
        assert kept
        self.row.seen.clear()
        self.row.all_accepted()


def main() -> None:
    wanted = task()
    row = Row(wanted)
    vendor = Vendor(wanted, row)
    vendor.cloud.user_token()
    if wanted.manner == "again":
        vendor.batch([1.0], wait=False)
    row.begin()
    getattr(vendor, "hold" if wanted.hold else wanted.manner)(omegas(wanted.jobs))
    row.end_wall()
    row.end_cpu()
    row.report("pasqal-cloud", "requests", "urllib3", "pydantic", "pulser-core")


if __name__ == "__main__":
    sys.exit(main())
