"""Files that results are written to."""

from __future__ import annotations

import csv
import io
import json
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING

import anyio.to_thread

from quantum_async.cli.session import dump
from quantum_async.display.frames import sweep_row
from quantum_async.errors import InvalidOptionError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Generator, Set as AbstractSet
    from pathlib import Path

    from quantum_async.cli.session import Document
    from quantum_async.models.sweep import SweepResults


def check_output(path: Path | None, endings: AbstractSet[str]) -> None:
    """Refuse a file that could not be written, before anything runs.

    Args:
        path: Where results are to go; ``None`` is fine.
        endings: The endings that the verb can write.

    Raises:
        InvalidOptionError: The ending is another one, or the folder is not there.
        MissingExtraError: A picture is wanted and matplotlib is not installed.
    """
    if path is None:
        return
    if path.suffix.lower() not in endings:
        raise InvalidOptionError(
            f"{path}: cannot write results to a {path.suffix or 'nameless'} file",
            remedy=f"Choose one of these endings: {', '.join(sorted(endings))}.",
        )
    if not path.absolute().parent.is_dir() or path.is_dir():
        raise InvalidOptionError(
            f"{path} cannot be written: its folder does not exist, or it is a folder itself",
            remedy=f"Create {path.absolute().parent}, or choose another place.",
        )
    if path.suffix.lower() == ".png" and find_spec("matplotlib") is None:
        raise MissingExtraError("matplotlib", extra="plots")


async def save_text(path: Path, text: str) -> None:
    """Write a file as a whole or not at all.

    Args:
        path: Where to.
        text: What.
    """
    await anyio.to_thread.run_sync(_write, path, text)


@contextmanager
def whole_file(path: Path) -> Generator[Path]:
    """Give a place to write to, which becomes the file once all is written, and else nothing.

    Args:
        path: The file.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        yield part
        part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _write(path: Path, text: str) -> None:
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8")


async def save_sweep(path: Path, results: SweepResults, document: Document) -> None:
    """Write a sweep to a file, in the form that its ending asks for.

    Args:
        path: A ``.csv``, ``.json`` or ``.png`` file.
        results: The sweep.
        document: The same as a document.

    Raises:
        InvalidOptionError: A picture is wanted of parameters that are no numbers.
    """
    match path.suffix.lower():
        case ".csv":
            await save_text(path, _csv(results))
        case ".json":
            await save_text(path, dump(document) + "\n")
        case _:
            await anyio.to_thread.run_sync(_picture, path, results)


def _csv(results: SweepResults) -> str:
    rows = [sweep_row(point) for point in results]
    heads = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, heads, restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _plain(value) for name, value in row.items()})
    return text.getvalue()


def _plain(value: object) -> object:
    return json.dumps(value) if isinstance(value, dict | tuple | list) else value


def _picture(path: Path, results: SweepResults) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from quantum_async.display.plots import plot_sweep

    names = list(results.points.axes)
    # Without pyplot: no global state, no window, no backend to choose.
    figure = Figure(figsize=(7, 4.5), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    second = names[1] if len(names) > 1 else None
    plot_sweep(results, x=names[0], y=second, ax=figure.subplots())
    with whole_file(path) as part:
        figure.savefig(part, format="png")
