"""The style of HTML in notebooks: it follows the notebook's theme, else the browser's."""

from __future__ import annotations

_DARK = "--qa-accent:#8ab4ff;--qa-good:#5fd38d;--qa-bad:#ff8a80;--qa-wait:#ffc663"
_LIGHT = "--qa-accent:#2457c5;--qa-good:#18794e;--qa-bad:#c62828;--qa-wait:#9a6200"

STYLE = (
    "<style>"
    f".qa{{{_LIGHT};--qa-line:rgba(128,128,128,.38);--qa-soft:rgba(128,128,128,.14);"
    "color:var(--jp-content-font-color1,var(--vscode-editor-foreground,inherit));"
    "font:13px/1.5 var(--jp-ui-font-family,system-ui,sans-serif);max-width:48rem;margin:.2em 0}"
    f"@media (prefers-color-scheme:dark){{.qa{{{_DARK}}}}}"
    # A notebook's own theme wins over the browser's wish, in both directions.
    f'[data-jp-theme-light="true"] .qa,.vscode-light .qa{{{_LIGHT}}}'
    f'[data-jp-theme-light="false"] .qa,.vscode-dark .qa,html[theme=dark] .qa{{{_DARK}}}'
    ".qa-head{display:flex;flex-wrap:wrap;gap:.2em .8em;align-items:center;margin-bottom:.3em}"
    ".qa-head b{font-weight:600}"
    ".qa-chip{border:1px solid currentColor;border-radius:1em;padding:0 .6em;font-size:.92em;"
    "white-space:nowrap}"
    ".qa-good{color:var(--qa-good)}.qa-bad{color:var(--qa-bad)}.qa-wait{color:var(--qa-wait)}"
    ".qa-info{color:var(--qa-accent)}.qa-dim{opacity:.72}"
    ".qa code{font:.96em var(--jp-code-font-family,ui-monospace,monospace);background:none;"
    "color:inherit;padding:0;overflow-wrap:anywhere}"
    ".qa table{border-collapse:collapse;margin:.2em 0;font-size:1em;border:0;color:inherit}"
    ".qa th,.qa td{text-align:left;padding:.1em 1.1em .1em 0;border:0;background:none;"
    "vertical-align:middle;max-width:none;white-space:normal;color:inherit}"
    ".qa th{font-weight:600;border-bottom:1px solid var(--qa-line)}"
    ".qa tbody tr,.qa thead{background:none!important;border:0}"
    ".qa .qa-num{text-align:right;font-variant-numeric:tabular-nums}"
    ".qa-bar{display:block;width:16rem;height:.75em;background:var(--qa-soft);border-radius:2px}"
    ".qa-bar>span{display:block;height:100%;background:var(--qa-accent);border-radius:2px;"
    "min-width:1px}"
    ".qa-bar>.qa-fill-bad{background:var(--qa-bad)}"
    ".qa-wide{width:100%;max-width:28rem;display:flex;overflow:hidden}"
    ".qa svg{display:block;max-width:100%;height:auto;margin:.3em 0}"
    "</style>"
)
"""Comes with every output, because an output must be readable alone."""
