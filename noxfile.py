"""Every check of the project; ``nox -l`` lists them, CONTRIBUTING.md says which four you need.

Which test belongs to which session is said in pyproject.toml: every marker there is a session of its
own, and ``tests`` runs what has none of them.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nox

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_external_run = True
nox.options.sessions = ["tests", "lint", "typing"]

ROOT = Path(__file__).parent
PROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
CONSTRAINTS = ".ci/constraints.txt"
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
VENDORS = sorted(
    name.removeprefix("conformance-")
    for name in PROJECT["dependency-groups"]
    if name.startswith("conformance-")
)
"""Vendors whose own SDK runs against the sandbox: one dependency group, one lock file each."""

MARKERS = {
    name: words.strip()
    for name, _, words in (line.partition(":") for line in PROJECT["tool"]["pytest"]["markers"])
}
"""Suites that are slow or need something installed: a session each, beside ``tests``."""

NIGHTLY = ("nightly", "azurite", "explore", "drift", "matrix", "wheel")
"""Sessions that take too long, or ask too much of the network, for every change; .ci/run names the others."""

PACE = (
    "-n",
    "auto",
    "--maxprocesses=4",
    "--dist=worksteal",
    "--timeout=300",
    "--randomly-seed=2026",
)
"""As many processes as the machine has cores; a test alone takes a fraction of what a busy machine needs."""

AZURITE = "azurite@3.35.0"

RELEASED = {"iqm-legacy", "qoro-legacy", "pulser-pasqal"}
"""Vendors' groups that ask for one old release on purpose: no newer one is tried in its place."""

CRASHED = ["azure", "iqm", "pasqal", "qoro"]
"""Vendors whose SDK is killed beside ours."""
CLIENTS: dict[str, str] = {}
"""Where each of them was installed."""

UNTYPED_BASES = "quantum_async.integrations.qiskit."
"""Where classes derive from those of Qiskit, which ships no types: nobody can know them."""

# A missing interpreter is skipped here, never fetched.
os.environ["UV_PYTHON_DOWNLOADS"] = "never"


def _follow_pip() -> None:
    """Make uv and node trust and ask whom this machine's pip does: they do not read its settings."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listing = subprocess.run(command, check=False, capture_output=True, text=True).stdout  # noqa: S603
    settings = dict(line.split("=", 1) for line in listing.splitlines() if "=" in line)
    for place, value in settings.items():
        variables = {
            "cert": ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"),
            "index-url": ("UV_DEFAULT_INDEX",),
        }.get(place.rpartition(".")[2], ())
        for variable in variables:
            os.environ.setdefault(variable, value.strip("'"))


_follow_pip()


def _wake_shims() -> None:
    """Let pyenv's shims start every Python that it has: by default they know only one."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    wanted = nox.project.python_versions(PROJECT)
    here = ".".join(map(str, sys.version_info[:3]))
    found = [
        folder.name
        for folder in root.glob("versions/*")
        if folder.name.rpartition(".")[0] in wanted
    ]
    if here in found:
        chosen = sorted(found, key=lambda version: (version != here, version))
        os.environ.setdefault("PYENV_VERSION", ":".join(chosen))


_wake_shims()


def _starts(version: str) -> bool:
    """Whether a Python really runs: a pyenv shim may be there without one."""
    path = shutil.which(f"python{version}")
    if path is None:
        return False
    return subprocess.run([path, "-c", ""], check=False, capture_output=True).returncode == 0  # noqa: S603


def _others() -> list[str]:
    return [
        version
        for version in nox.project.python_versions(PROJECT)
        if version != HERE and _starts(version)
    ]


def _install(session: nox.Session, *groups: str, extras: str = "", package: bool = True) -> None:
    """Install the package and dependency groups, at the locked versions only."""
    wanted = [
        requirement
        for group in groups
        for requirement in nox.project.dependency_groups(PROJECT, group)
    ]
    if package:
        wanted += ["-e", f".[{extras}]" if extras else "."]
    session.install("-q", "-c", CONSTRAINTS, *wanted)


def _pytest(session: nox.Session, *arguments: str, python: str = "python") -> None:
    """Run pytest, measured where ``COVERAGE_FILE`` says where to, as it does in .ci/run."""
    # pytest-cov would start too late: pytest loads the package's own plugin before it.
    measured = ("-m", "coverage", "run") if "COVERAGE_FILE" in os.environ else ()
    command = (python, *measured, "-m", "pytest", *arguments, *session.posargs)
    session.run(*command, external=python != "python")


def _python_of(session: nox.Session, name: str) -> str:
    """Bring another session's environment up to date, and return its Python."""
    nox_again = (sys.executable, "-m", "nox", "--noxfile", __file__, "--session", name)
    session.run(*nox_again, "--install-only", external=True, silent=True)
    folder = ROOT / ".nox" / name
    return str(folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests on this Python; given arguments, only what they name."""
    _install(session, "tests", extras="all")
    # Without its posargs pytest runs everything that no marker keeps for another session.
    pace = () if session.posargs else (*PACE, "--durations=10", "--durations-min=2")
    _pytest(session, *pace)


def _marked(marker: str) -> tuple[str, ...]:
    """Select a marker's tests, from the files that name it: importing all others takes longer."""
    word = f"pytest.mark.{marker}"
    files = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        if word in path.read_text(encoding="utf-8")
    ]
    return ("-m", marker, *files)


def _suite(marker: str) -> None:
    """Make the session that runs a marker's tests, in the environment of ``tests``."""

    def run(session: nox.Session) -> None:
        _pytest(session, *_marked(marker), *PACE, python=_python_of(session, "tests"))

    run.__doc__ = f"Run the tests marked {marker}: {MARKERS[marker]}."
    nox.session(name=marker, python=False)(run)


for _marker in MARKERS:
    if _marker not in {"azurite", "differential", "doors", "nightly"}:
        _suite(_marker)


@nox.session(python=False)
def azurite(session: nox.Session) -> None:
    """Run the tests marked azurite beside Microsoft's emulator of Azure Storage, which npm brings."""
    if shutil.which("npm") is None:
        session.skip("npm is not installed, which brings Azurite")
    folder = Path(session.create_tmp()).resolve()
    quiet = ("--no-audit", "--no-fund", "--prefix", str(folder))
    session.run("npm", "install", *quiet, AZURITE, external=True, silent=True)
    path = os.pathsep.join([str(folder / "node_modules" / ".bin"), os.environ["PATH"]])
    session.env["PATH"] = path
    _pytest(session, *_marked("azurite"), *PACE, python=_python_of(session, "tests"))


@nox.session
def differential(session: nox.Session) -> None:
    """Compare random programs on every route with what they mean; tests/differential says more."""
    _install(session, "tests", "differential", extras="all")
    _pytest(session, *_marked("differential"), *PACE)


@nox.session
def doors(session: nox.Session) -> None:
    """Try every promise at every door, Divi's among them; tests/doors/table.py says which tests."""
    _install(session, "tests", "doors", extras="all")
    _pytest(session, *_marked("doors"), *PACE)


@nox.session(python=False)
def coverage(session: nox.Session) -> None:
    """Combine what sessions have measured into ``COVERAGE_FILE``, with the gate."""
    if "COVERAGE_FILE" not in os.environ:
        session.error(
            "COVERAGE_FILE must say where the sessions before have put what they measured"
        )
    command = (_python_of(session, "tests"), "-m", "coverage")
    session.run(*command, "combine", "--quiet", "--keep", external=True)
    xml = ("xml", "--quiet", "--fail-under=0", "-o", str(ROOT / ".coverage.xml"))
    session.run(*command, *xml, external=True)
    session.run(*command, "report", external=True)


@nox.session(python=False)
def explore(session: nox.Session) -> None:
    """Look for new failures: hypothesis with fresh seeds and more examples, all tests in a new order."""
    python, seed = _python_of(session, "tests"), secrets.randbelow(2**32)
    session.env["HYPOTHESIS_PROFILE"] = "explore"
    fresh = (*PACE, f"--randomly-seed={seed}")
    _pytest(session, "-m", "hypothesis", "--timeout=1200", *fresh, python=python)
    session.env["HYPOTHESIS_PROFILE"] = "default"
    _pytest(session, *fresh, python=python)


@nox.session(name="beside-trio")
def beside_trio(session: nox.Session) -> None:
    """Run the doors for people beside trio and sniffio, which change what our libraries do."""
    _install(session, "tests", extras="all")
    _pytest(session, *PACE, *(() if session.posargs else ("tests/blocking", "tests/integrations")))


@nox.session(python=_others() or False, tags=["release"])
def matrix(session: nox.Session) -> None:
    """Run the tests on every other Python that the classifiers name and this machine has."""
    if not session.python:
        session.skip(f"no Python but {HERE} is installed")
    _install(session, "tests", extras="all")
    _pytest(session, *PACE)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, the floors' import direction, the lock and what gets published."""
    _install(session, "lint", package=False)
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("codespell")
    session.run("validate-pyproject", "pyproject.toml")
    session.run("lint-imports", "--no-cache", env={"PYTHONPATH": str(ROOT)})
    dist = Path(session.create_tmp()) / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    session.run("python", "-m", "build", "--installer=pip", "--outdir", str(dist), silent=True)
    published = sorted(map(str, dist.iterdir()))
    session.run("twine", "check", "--strict", *published)
    (wheel,) = (name for name in published if name.endswith(".whl"))
    session.run("check-wheel-contents", wheel)
    if "quantum_async/py.typed" not in zipfile.ZipFile(wheel).namelist():
        session.error("the wheel lacks py.typed, so nobody's checker would see our types")


@nox.session(tags=["release"], reuse_venv=False)
def wheel(session: nox.Session) -> None:
    """Install what would be published into an empty environment, and test it there."""
    folder = Path(session.create_tmp()).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    session.install("-q", "-c", CONSTRAINTS, "build")
    dist = folder / "dist"
    session.run("python", "-m", "build", "--installer=pip", "--outdir", str(dist), silent=True)
    (built,) = dist.glob("*.whl")
    (source,) = dist.glob("*.tar.gz")
    session.install("-q", "-c", CONSTRAINTS, str(built))
    # The core alone: it imports, and says what the command line lacks.
    session.run("python", "-c", "import quantum_async as qa; print(qa.Scheduler, qa.__version__)")
    session.run("quantum-async", "--version", success_codes=[2])
    groups = nox.project.dependency_groups(PROJECT, "tests")
    session.install("-q", "-c", CONSTRAINTS, *groups, f"quantum_async[all] @ {built.as_uri()}")
    # The tests that were published, beside nothing that they could import instead.
    shutil.unpack_archive(source, folder, filter="data")
    session.chdir(folder / source.name.removesuffix(".tar.gz"))
    shutil.rmtree("quantum_async")
    chosen = ("tests/test_extras.py", "tests/test_public_names.py", "tests/models", "tests/cli")
    session.run("pytest", "-q", "--timeout=120", *(session.posargs or chosen))


@nox.session
def typing(session: nox.Session) -> None:
    """Check the types with mypy and pyright, and that the public ones are complete."""
    _install(session, "nox", "tests", "typing", extras="all")
    session.run("mypy")
    session.run("pyright")
    report = session.run(
        *("pyright", "--outputjson", "--ignoreexternal", "--verifytypes", "quantum_async"),
        silent=True,
        success_codes=[0, 1],
    )
    symbols = json.loads(str(report)[str(report).index("{") :])["typeCompleteness"]["symbols"]
    unknown = [
        symbol["name"]
        for symbol in symbols
        if not (symbol["isTypeKnown"] or symbol["name"].startswith(UNTYPED_BASES))
    ]
    session.log(f"{len(symbols)} symbols checked, {len(unknown)} without a complete type")
    if unknown:
        session.error(f"types are incomplete: {', '.join(unknown)}")


@nox.session
def generate(session: nox.Session) -> None:
    """Check that generated files are in step; ``-- --write`` writes them."""
    # The formatter comes with the lint group, and its version decides the bytes.
    _install(session, "lint", extras="qiskit")
    mode = () if "--write" in session.posargs else ("--check",)
    session.run("python", ".ci/facade", *mode)


@nox.session
def sandbox(session: nox.Session) -> None:
    """Install what serves the sandbox to the vendors' SDKs, who share no library with it."""
    if "QUANTUM_ASYNC_SANDBOX_PYTHON" not in os.environ:
        _install(session, extras="sandbox")
        _measure(session)
        os.environ["QUANTUM_ASYNC_SANDBOX_PYTHON"] = str(Path(session.bin) / "python")


def _measure(session: nox.Session) -> None:
    """Let every Python of an environment measure our package, where ``COVERAGE_FILE`` says where to."""
    if "COVERAGE_FILE" in os.environ:
        session.install("-q", "-c", CONSTRAINTS, "coverage")
        # Its own hook starts it with each process of an environment that holds it.
        os.environ["COVERAGE_PROCESS_START"] = str(ROOT / "pyproject.toml")


def _run_beside(session: nox.Session, vendor: str, *install: str) -> None:
    """Run a vendor's conformance tests in an environment that is installed with these arguments."""
    suite = ROOT / "tests" / "conformance" / vendor.replace("-", "_")
    session.install("-q", *install)
    if vendor in {"qoro", "qoro-legacy"}:
        # Divi's programs run on our own client there, whose libraries the group lists.
        session.install("-q", "--no-deps", ".")
        _measure(session)
    folders = ("--confcutdir", str(ROOT / "tests" / "conformance"), "--rootdir", str(ROOT))
    plain = ("-p", "no:cacheprovider", "-c", str(ROOT / ".ci" / "conformance.ini"))
    session.run("pytest", *folders, *plain, str(suite), *session.posargs)


@nox.session(requires=["sandbox"])
@nox.parametrize("vendor", VENDORS, ids=VENDORS)
def conformance(session: nox.Session, vendor: str) -> None:
    """Run a vendor's own SDK, in an environment of its own, against the sandbox."""
    group = nox.project.dependency_groups(PROJECT, f"conformance-{vendor}")
    _run_beside(session, vendor, "-c", f".ci/constraints-{vendor}.txt", *group)


@nox.session(requires=["sandbox"], reuse_venv=False)
@nox.parametrize("vendor", VENDORS, ids=VENDORS)
def drift(session: nox.Session, vendor: str) -> None:
    """Run a vendor's newest SDK, without any lock, and say what has changed since the lock."""
    group = list(nox.project.dependency_groups(PROJECT, f"conformance-{vendor}"))
    if vendor not in RELEASED:
        group = [requirement.partition("==")[0] for requirement in group]
    session.install("-q", "--upgrade", *group)
    lock = (ROOT / ".ci" / f"constraints-{vendor}.txt").read_text(encoding="utf-8")
    locked: dict[str, list[str]] = {}
    for line in lock.splitlines():
        name, _, version = line.partition(";")[0].strip().partition("==")
        locked.setdefault(name, []).append(version)
    script = (
        "import importlib.metadata as m, json; "
        "print(json.dumps([(d.name, d.version) for d in m.distributions()]))"
    )
    installed = {
        re.sub(r"[-_.]+", "-", name).lower(): version
        for name, version in json.loads(str(session.run("python", "-c", script, silent=True)))
    }
    newer = [
        f"{name} {' or '.join(versions)} -> {installed[name]}"
        for name, versions in sorted(locked.items())
        if name in installed and installed[name] not in versions
    ]
    session.log(f"{vendor} has drifted from its lock: {', '.join(newer) or 'in nothing'}")
    _run_beside(session, vendor, *group)


@nox.session(requires=["client(pasqal)"])
def bench(session: nox.Session) -> None:
    """Measure us beside the vendor's client and others; ``-- --quick``, or one script's name."""
    _install(session, "bench", extras="all")
    if session.posargs and session.posargs[0].endswith(".py"):
        session.run("python", *session.posargs)
    else:
        vendor = ("--vendor", CLIENTS["pasqal"])
        session.run("python", "benchmarks/run.py", *vendor, *session.posargs)


@nox.session
@nox.parametrize("vendor", CRASHED, ids=CRASHED)
def client(session: nox.Session, vendor: str) -> None:
    """Install a vendor's own SDK for the comparisons of speed and of crashes."""
    group = nox.project.dependency_groups(PROJECT, f"conformance-{vendor}")
    session.install("-q", "-c", f".ci/constraints-{vendor}.txt", *group)
    CLIENTS[vendor] = str(Path(session.bin) / "python")


@nox.session(requires=[f"client({vendor})" for vendor in CRASHED])
def crashes(session: nox.Session) -> None:
    """Kill the same sweep on our client and the vendors', and write docs/crashes.md's table."""
    _install(session, "tests", extras="all")
    vendors = [
        word for name, python in CLIENTS.items() for word in ("--vendor", f"{name}={python}")
    ]
    session.run("python", "benchmarks/crashes/run.py", *vendors, *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation; ``-- serve`` shows it while you write."""
    # The reference is read from the source, so that the package itself is not needed.
    _install(session, "docs", package=False)
    session.env["NO_MKDOCS_2_WARNING"] = "1"
    if session.posargs:
        session.run("mkdocs", *session.posargs)
        return
    site = Path(session.create_tmp()) / "site"
    session.run("mkdocs", "build", "--strict", "--quiet", "--site-dir", str(site))
    outside = re.compile(r"""<(?:script|img|iframe|link)\b[^>]*(?:src|href)=["']?(https?:)?//""")
    for page in site.rglob("*.html"):
        if outside.search(page.read_text(encoding="utf-8")):
            session.error(f"{page.relative_to(site)} fetches something from elsewhere")


@nox.session
def pictures(session: nox.Session) -> None:
    """Photograph the command line in terminals; ``-- --only sweep --columns 80`` takes a few."""
    _install(session, "tests", extras="all")
    session.run("python", ".ci/pictures.py", *session.posargs)


@nox.session
def constraints(session: nox.Session) -> None:
    """Refresh the locked versions; ``-- --check`` only says whether they fit pyproject.toml."""
    session.install("-q", "-c", CONSTRAINTS, *nox.project.dependency_groups(PROJECT, "nox"))
    check = "--check" in session.posargs
    locks = {CONSTRAINTS: ["pyproject.toml", "--all-extras", "--group", "dev"]}
    locks |= {f".ci/constraints-{v}.txt": ["--group", f"conformance-{v}"] for v in VENDORS}
    for name, selection in locks.items():
        lock = ROOT / name
        target = Path(session.create_tmp()) / lock.name if check else lock
        if check:
            shutil.copyfile(lock, target)
        _compile(session, target, *selection, *(() if check else ("--upgrade",)))
        if check and target.read_bytes() != lock.read_bytes():
            session.error(f"{name} does not fit pyproject.toml: run nox -s constraints")


def _compile(session: nox.Session, target: Path, *options: str) -> None:
    session.run(
        *("uv", "pip", "compile", "-q", "--universal", "--no-header", "--no-annotate"),
        *("--python-version", min(nox.project.python_versions(PROJECT), key=_minor)),
        *("--no-emit-package", "quantum-async", "-o", str(target)),
        *options,
    )


def _minor(version: str) -> int:
    return int(version.partition(".")[2])


@nox.session(python=False)
def nightly(session: nox.Session) -> None:
    """Run what takes too long for every change: the crash matrix, and the sessions of NIGHTLY."""
    for name in NIGHTLY:
        if name != "nightly":
            session.notify(name)
    session.env["QUANTUM_ASYNC_SEEDS"] = os.environ.get("QUANTUM_ASYNC_SEEDS", "50")
    pace = (*PACE, "--timeout=600")
    _pytest(session, *_marked("nightly"), *pace, python=_python_of(session, "tests"))
