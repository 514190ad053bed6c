"""The help of a verb, as its users read it."""

from __future__ import annotations

import re
from typing import Any

from typer.core import TyperCommand


class Verb(TyperCommand):
    """A verb whose help calls arguments by their names, without the types that they have in code."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write what the arguments and the options mean."""
        rows: dict[str, list[tuple[str, str]]] = {"argument": [], "option": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                kind = parameter.param_type_name
                name = record[0].partition(" <")[0] if kind == "argument" else record[0]
                rows[kind].append((name, record[1]))
        for kind, found in rows.items():
            if found:
                with formatter.section(f"{kind.title()}s"):
                    formatter.write_dl(found)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Write the arguments for the line that says how the verb is used."""
        return [re.sub("[{}]", "", piece) for piece in super().collect_usage_pieces(ctx)]
