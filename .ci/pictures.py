"""Photograph the command line in real terminals: 80 and 120 columns, light, dark and without colour.

``nox -s pictures`` runs it and says where the pictures are; look at them after a change of how
something is shown. It needs a Chromium or Chrome on the PATH.
"""

from __future__ import annotations

import argparse
import fcntl
import html
import os
import pty
import re
import select
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from dataclasses import dataclass, field
from pathlib import Path

import pyte

ROWS = 160
"""Lines of the terminal: more than anything shows, so that a picture has all of it."""

XTERM = "000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5 7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff ffffff"
CODE = "000000 cd3131 107c10 949800 0451a5 bc05bc 0598bc 555555 666666 cd3131 14ce14 b5ba00 0451a5 bc05bc 0598bc a5a5a5"
NAMES = (
    "black red green brown blue magenta cyan white brightblack brightred brightgreen brightbrown "
    "brightblue brightmagenta brightcyan brightwhite"
).split()
THEMES = {
    # The harshest palette in wide use, on both backgrounds.
    "dark": ("000000", "e5e5e5", XTERM),
    "light": ("ffffff", "000000", XTERM),
    "code": ("ffffff", "333333", CODE),
}

BELL = (
    'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\ncreg c[2];\n'
    "h q[0];\ncx q[0], q[1];\nmeasure q -> c;\n"
)
ROTATION = (
    'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput float theta;\nqubit q;\nbit c;\n'
    "rx(theta) q;\nc = measure q;\n"
)
ANSATZ = (
    'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput float beta;\ninput float gamma;\n'
    "qubit[2] q;\nbit[2] c;\nh q[0];\nrz(gamma) q[0];\nry(beta) q[1];\ncx q[0], q[1];\n"
    "h q[0];\nc = measure q;\n"
)
FILES = {
    "bell.qasm": BELL,
    "ghz_of_a_long_name_as_people_have_them_in_folders.qasm": BELL,
    "rotation.qasm": ROTATION,
    "ansatz.qasm": ANSATZ,
    "broken.qasm": BELL.replace("h q[0];", "h q[0]"),
}
SWEEP = "sweep rotation.qasm --param theta=0:2pi:41"


@dataclass(frozen=True)
class Shot:
    """One session.

    Args:
        name: Of the picture.
        words: What is typed after the command's name.
        until: The picture is taken as soon as the terminal shows this, and not at the end.
        unset: Variables that are taken away.
        set: Variables that are added.
        stop: Interrupt it once the picture is taken, and take another one of the end.
    """

    name: str
    words: str
    until: str = ""
    unset: str = ""
    set: dict[str, str] = field(default_factory=dict)
    stop: bool = False


LOST = {"IQM_SERVER_URL": "http://127.0.0.1:9", "IQM_TOKEN": "secret"}
SHOTS = [
    Shot("help", "--help"),
    Shot("help-run", "run --help"),
    Shot("help-sweep", "sweep --help"),
    Shot("help-jobs", "jobs --help"),
    Shot("help-sandbox", "sandbox serve --help"),
    Shot("version", "--version"),
    Shot("demo-midway", "demo --seed 1", until=r"[1-9]\d*/\d+"),
    Shot("demo", "demo --seed 1 --output demo.png"),
    Shot("run", "run bell.qasm ghz*.qasm rotation.qasm --param theta=pi/2 --shots 2000 --keep-going"),
    Shot("run-observable", "run bell.qasm --observable ZZ --observable XX"),
    Shot("sweep-midway", f"{SWEEP} --on qoro:qoro_maestro", until=r"running"),
    Shot("sweep", f"{SWEEP} --seed 1"),
    Shot("sweep-cloud", f"{SWEEP} --on qoro:qoro_maestro --journal jobs.db"),
    Shot("sweep-grid", "sweep ansatz.qasm --param gamma=0:pi:16 --param beta=0:pi:9 --seed 1"),
    Shot("sweep-rows", "sweep ansatz.qasm --param gamma=0.5 --param beta=0.1,0.2"),
    Shot("devices", "devices"),
    Shot("devices-local", "devices local"),
    Shot("jobs-list", "jobs list"),
    Shot("jobs-all", "jobs list --all"),
    Shot("jobs-show", "jobs show $(quantum-async jobs list --all --json | grep -m1 -o '\"key\": \"[^\"]*' | cut -d'\"' -f4)"),
    Shot("jobs-resume", "jobs resume"),
    Shot("doctor", "doctor"),
    Shot("doctor-bare", "doctor --offline", unset="sandbox"),
    Shot("sandbox", "sandbox serve --port 0", until="ready", stop=True),
    Shot("interrupted", f"{SWEEP} --on iqm:garnet", until="queued|running", stop=True),
    Shot("error-usage", "run"),
    Shot("error-option", "sweep rotation.qasm --parameter theta=0:1:3"),
    Shot("error-no-verb", "frobnicate"),
    Shot("error-syntax", "run broken.qasm bell.qasm"),
    Shot("error-no-file", "run nothing.qasm"),
    Shot("error-value", "sweep rotation.qasm --param theta=0..1"),
    Shot("error-name", "sweep rotation.qasm --param phi=0:1:3"),
    Shot("error-target", "run bell.qasm --on nowhere:qpu"),
    Shot("error-device", "run bell.qasm --on local:abacus"),
    Shot("error-output", f"{SWEEP} --output picture.gif"),
    Shot("error-credentials", "run bell.qasm --on qoro:qoro_maestro", unset="sandbox"),
    Shot("error-unreachable", "run bell.qasm --on iqm:garnet", set=LOST),
    Shot("error-timeout", f"{SWEEP} --on qoro:qoro_maestro --timeout 0.3"),
    Shot("error-journal", "jobs list --journal nothing.db"),
    Shot("error-job", "jobs show zzz"),
    Shot("error-doctor", "doctor", set=LOST),
]  # fmt: skip


@dataclass
class Place:
    """Where the sessions run: a folder with programs, beside a sandbox."""

    folder: Path
    sandbox: dict[str, str]
    bin: Path

    def environment(self, shot: Shot, *, colour: bool) -> dict[str, str]:
        kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE")
        found = {name: os.environ[name] for name in kept if name in os.environ}
        found |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
        found["PATH"] = f"{self.bin}:{found['PATH']}"
        found |= {} if shot.unset == "sandbox" else self.sandbox
        return found | shot.set | ({} if colour else {"NO_COLOR": "1"})


def photograph(place: Place, shot: Shot, columns: int, *, colour: bool) -> list[pyte.Screen]:
    """Run a session in a terminal, and return what it showed: midway, at the end, or both."""
    screen = pyte.Screen(columns, ROWS)
    stream = pyte.ByteStream(screen)
    line = f"quantum-async {shot.words}"
    stream.feed(f"\x1b[0m$ {line}\r\n".encode())
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(place.folder)
        os.execve("/bin/bash", ["bash", "-c", line], place.environment(shot, colour=colour))
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
    taken: list[pyte.Screen] = []
    ends = time.monotonic() + 120
    while time.monotonic() < ends:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            data = os.read(terminal, 65536)
        except OSError:
            break
        if not data:
            break
        stream.feed(data)
        if shot.until and not taken and re.search(shot.until, "\n".join(screen.display[1:])):
            taken.append(copy_of(screen))
            if not shot.stop:
                os.killpg(pid, signal.SIGKILL)
                break
            time.sleep(0.5)
            os.killpg(pid, signal.SIGINT)
    else:
        os.killpg(pid, signal.SIGKILL)
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    if shot.stop or not taken:
        code = os.waitstatus_to_exitcode(status)
        stream.feed(f"\x1b[0m[exit code {code}]".encode())
        taken.append(screen)
    return taken


def copy_of(screen: pyte.Screen) -> pyte.Screen:
    copied = pyte.Screen(screen.columns, screen.lines)
    for y, row in screen.buffer.items():
        for x, cell in row.items():
            copied.buffer[y][x] = cell
    return copied


def rendered(screen: pyte.Screen, theme: str) -> str:
    """Write a terminal's contents as a page."""
    background, foreground, palette = THEMES[theme]
    colours = dict(zip(NAMES, palette.split(), strict=True)) | {"default": foreground}
    last = max((y for y, line in enumerate(screen.display) if line.strip()), default=0)
    lines = []
    for y in range(last + 1):
        row = [screen.buffer[y][x] for x in range(screen.columns)]
        lines.append("".join(_cell(cell, colours, background) for cell in row))
    text = "\n".join(lines)
    return (
        '<!doctype html><meta charset="utf-8">'
        f"<style>body{{margin:8px;background:#{background};color:#{foreground}}}"
        "pre{margin:0;font:14px/17px 'DejaVu Sans Mono',monospace;border-right:1px dotted #888;"
        f"width:{screen.columns}ch}}span{{display:inline-block;width:1ch;height:17px}}</style><pre>{text}</pre>"
    )


def _cell(cell: pyte.screens.Char, colours: dict[str, str], background: str) -> str:
    front = colours.get(cell.fg, cell.fg)
    back = background if cell.bg == "default" else colours.get(cell.bg, cell.bg)
    if cell.reverse:
        front, back = back, front
    style = f"color:#{front};background:#{back}"
    style += ";font-weight:bold" if cell.bold else ""
    style += ";font-style:italic" if cell.italics else ""
    style += ";text-decoration:underline" if cell.underscore else ""
    return f'<span style="{style}">{html.escape(cell.data or " ")}</span>'


def save(screen: pyte.Screen, theme: str, path: Path) -> None:
    """Write a picture of a terminal, with the text beside it."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome") or "chromium"
    lines = [line.rstrip() for line in screen.display]
    text = "\n".join(lines).rstrip() + "\n"
    path.with_suffix(".txt").write_text(text, encoding="utf-8")
    page = path.with_suffix(".html")
    page.write_text(rendered(screen, theme), encoding="utf-8")
    width, height = round(screen.columns * 8.43) + 24, 17 * text.count("\n") + 20
    flags = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
    command = [
        *(chromium, *flags, f"--window-size={width},{height}"),
        *(f"--screenshot={path}", page.as_uri()),
    ]
    subprocess.run(command, check=True, capture_output=True)
    page.unlink()


def look(options: argparse.Namespace, folder: Path) -> None:
    """Photograph every session."""
    for name, text in FILES.items():
        (folder / name).write_text(text)
    command = Path(options.command).resolve()
    served = [str(command), "sandbox", "serve", "--port", "0", "--job-time", "1s"]
    variables = folder / "sandbox.env"
    with subprocess.Popen(
        [*served, "--env-file", str(variables)], stdout=subprocess.PIPE, text=True
    ) as sandbox:
        try:
            assert sandbox.stdout is not None
            for line in sandbox.stdout:
                if line.strip() == "ready":
                    break
            # Written for shells.
            known = dict(line.split("=", 1) for line in shlex.split(variables.read_text()))
            _look(options, Place(folder, known, command.parent))
        finally:
            sandbox.terminate()


def _look(options: argparse.Namespace, place: Place) -> None:
    for shot in SHOTS:
        if options.only and not re.search(options.only, shot.name):
            continue
        for columns in options.columns:
            for theme in options.themes:
                colour = theme != "plain"
                screens = photograph(place, shot, columns, colour=colour)
                for number, screen in enumerate(screens):
                    name = f"{shot.name}{'-end' if number else ''}-{columns}-{theme}.png"
                    save(screen, theme if colour else "dark", options.output / name)
                    print(options.output / name, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--output", type=Path, default=Path(tempfile.gettempdir()) / "pictures")
    parser.add_argument("--command", default=str(Path(sys.executable).parent / "quantum-async"))
    parser.add_argument("--only", default="", help="a pattern of the sessions' names")
    parser.add_argument("--columns", type=int, nargs="*", default=[80, 120])
    parser.add_argument("--themes", nargs="*", default=["dark", "light", "plain"])
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        look(options, Path(folder))


if __name__ == "__main__":
    main()
