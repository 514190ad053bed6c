"""A script as Divi's users write them, with a name and a journal; it may kill itself on the way."""

from __future__ import annotations

import json
import os
import signal
import sys

from quantum_async import QoroClient
from tests.integrations.divi.stand_in import NEWER, runner_module

BELL = "OPENQASM 2.0; qreg q[2]; creg c[2]; h q[0]; cx q[0],q[1]; measure q -> c;"
JOBS = 5


def main(journal: str, killed_at: str = "", client: QoroClient | None = None) -> None:
    """Run jobs one after the other, two of them with the same content; print what they gave."""

    def reached(moment: str) -> None:
        if moment == killed_at:
            os.kill(os.getpid(), signal.SIGKILL)

    with runner_module(NEWER) as module:
        options = {"journal": journal, "name": "vqe", "polling_interval": 0.05}
        runner = module.QoroRunner(client, **options)
        for number in range(JOBS):
            shots = 7 if number in {1, 2} else 10 + number
            submitted = runner.submit_circuits({"a": BELL}, shot_groups=[[0, 1, shots]])
            reached(f"{number} accepted")
            runner.poll_job_status(submitted, loop_until_complete=True, verbose=False)
            reached(f"{number} ended")
            done = runner.get_job_results(submitted)
            sys.stdout.write(f"{json.dumps([submitted.job_id, done.results])}\n")
            sys.stdout.flush()
        runner.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
