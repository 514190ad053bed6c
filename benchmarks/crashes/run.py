"""Kill the same sweep on every client, ours and the vendors', and write the page's table.

Run with `nox -s crashes`, or `python benchmarks/crashes/run.py --vendor azure=PYTHON ...`, once for
each environment that holds a vendor's client; `--quick` runs one seed and 60 points and writes no
page; `--only` names rows, and keeps the figures of the others; `--rewrite` runs nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from table import replace, table  # noqa: E402
from trial import KILLS, LIFE, Client, Found, run  # noqa: E402

FIGURES = Path(__file__).with_name("results.json")
PAGE = ROOT / "docs" / "crashes.md"
SERVICES = {"pasqal": "Pasqal", "azure": "Azure", "iqm": "IQM", "qoro": "Qoro"}
OURS = "quantum_async"
BESIDE = {
    "pasqal": ("requests",),
    "azure": ("azure-core", "azure-storage-blob"),
    "iqm": ("requests",),
    "qoro": ("requests", "urllib3"),
}
"""Packages that retry for the vendor's client, or send for it."""


def clients(pythons: dict[str, str]) -> dict[str, Client]:
    """Every row, by its name."""
    pasqal = ("pasqal", "pasqal-cloud")
    azure = ("azure", "azure-quantum")
    with_pasqal = (pythons.get("pasqal"), "with_pasqal_cloud.py")
    with_azure = (pythons.get("azure"), "with_azure_quantum.py")
    with_iqm = (pythons.get("iqm"), "with_iqm_client.py")
    with_divi = (pythons.get("qoro"), "with_divi.py")
    return {
        "pasqal": Client("pasqal", OURS, "batches of 10"),
        "pasqal-cloud": Client(*pasqal, "batches of 10", *with_pasqal),
        "pasqal-cloud open": Client(*pasqal, "one open batch", *with_pasqal, uses_open=True),
        "azure": Client("azure", OURS, "single jobs"),
        "azure-quantum": Client(*azure, "single jobs", *with_azure, size=1),
        "azure-quantum open": Client(*azure, "a session", *with_azure, size=1, uses_open=True),
        "iqm": Client("iqm", OURS, "10 circuits a job"),
        "iqm-client": Client("iqm", "iqm-client", "10 circuits a job", *with_iqm),
        "qoro": Client("qoro", OURS, "10 circuits a job"),
        "qoro-divi": Client("qoro", "qoro-divi", "10 circuits a job", *with_divi),
    }


def versions(client: Client) -> dict[str, str]:
    """Ask an interpreter what it has."""
    beside = BESIDE[client.provider] if client.python else ("aiohttp", "anyio", "sqlalchemy")
    code = "import sys; from importlib.metadata import version\n"
    code += "print(*(f'{name}={version(name)}' for name in sys.argv[1:]))"
    command = [client.python or sys.executable, "-c", code, client.package, *beside]
    words = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return dict(word.split("=", 1) for word in words)


def measure(
    chosen: dict[str, Client], seeds: int, points: int, lanes: int
) -> dict[str, dict[str, object]]:
    """Run every row with every seed, a few at once: most of the time they wait."""

    def one(name: str, seed: int) -> Found:
        found = run(chosen[name], seed, points)
        print(f"{name}, seed {seed}: {found}", file=sys.stderr, flush=True)
        return found

    # One job per submission takes longest: these first, so that no lane is left alone with them.
    order = sorted(chosen, key=lambda name: chosen[name].size)
    pairs = [(name, seed) for seed in range(seeds) for name in order]
    with ThreadPoolExecutor(lanes) as pool:
        trials = list(pool.map(lambda pair: one(*pair), pairs))
    rows: dict[str, dict[str, object]] = {}
    for (name, _), found in zip(pairs, trials, strict=True):
        client = chosen[name]
        fresh = {"provider": client.provider, "manner": client.manner, "package": client.package}
        fresh |= {"when": datetime.now(UTC).date().isoformat(), "trials": []}
        rows.setdefault(name, fresh)["trials"].append(asdict(found))
    for name, each in rows.items():
        each["versions"] = versions(chosen[name])
    return rows


def text(found: dict[str, object]) -> str:
    """What stands between the page's markers."""
    rows = found["rows"]
    shown = [
        {
            "title": [
                SERVICES[each["provider"]],
                f"{each['package']} {each['versions'][each['package']]}",
                each["manner"],
            ],
            "trials": each["trials"],
        }
        for each in rows.values()
    ]
    packages = {name: v for each in rows.values() for name, v in each["versions"].items()}
    used = ", ".join(f"{name} {version}" for name, version in sorted(packages.items()))
    days = sorted({each["when"] for each in rows.values()})
    shortest, longest = found["life"]
    facts = (
        f"{' and '.join(days)}, {found['seeds']} seeds, {found['points']} points each; at most "
        f"{found['kills']} kills, each {shortest:g} to {longest:g} s after a start; "
        f"{found['machine']}; load {found['load'][0]} before and {found['load'][1]} after, "
        f"{found['lanes']} sweeps at a time. Versions: {used}."
    )
    return f"{table(shown)}\n\n{facts}"


def write(found: dict[str, object]) -> None:
    PAGE.write_text(replace(PAGE.read_text(), text(found)))


def machine() -> str:
    system = f"{platform.system()} {platform.machine()}"
    return f"{os.cpu_count()} cores, {system}, Python {platform.python_version()}"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vendor", action="append", default=[], help="provider=interpreter")
    parser.add_argument("--quick", action="store_true", help="one seed and 60 points, no page")
    parser.add_argument("--only", nargs="*", help="names of rows")
    parser.add_argument("--rewrite", action="store_true", help="the page, from results.json")
    parser.add_argument("--lanes", type=int, default=8, help="sweeps at a time")
    return parser.parse_args()


def main() -> int:
    given = arguments()
    if given.rewrite:
        write(json.loads(FIGURES.read_text()))
        return 0
    every = clients(dict(each.split("=", 1) for each in given.vendor))
    chosen = {
        name: client
        for name, client in every.items()
        if (client.python or client.package == OURS) and (not given.only or name in given.only)
    }
    seeds, points = (1, 60) if given.quick else (5, 200)
    before = round(os.getloadavg()[0], 1)
    fresh = measure(chosen, seeds, points, given.lanes)
    old = json.loads(FIGURES.read_text())["rows"] if given.only and FIGURES.exists() else {}
    rows = {**old, **fresh}
    found = {
        "seeds": seeds,
        "points": points,
        "kills": KILLS,
        "life": LIFE,
        "lanes": given.lanes,
        "machine": machine(),
        "load": [before, round(os.getloadavg()[0], 1)],
        "rows": {name: rows[name] for name in every if name in rows},
    }
    print(text(found))
    if not given.quick:
        FIGURES.write_text(json.dumps(found, indent=1) + "\n")
        write(found)
    ours = [each for each in fresh.values() if each["package"] == OURS]
    return int(any(t["lost"] or t["duplicated"] for each in ours for t in each["trials"]))


if __name__ == "__main__":
    sys.exit(main())
