from __future__ import annotations

import copy
import pickle

from quantum_async.errors import InvalidInputError, NotSentError
from quantum_async.http.redact import Secrets
from quantum_async.models.advice import Advice, Given, Setting


def test_advice_goes_where_its_error_goes() -> None:
    """Copied, pickled and raised anew, an error still knows what other doors call its settings."""
    advice = Advice("Pass ", Setting("on", "iqm:garnet"), ".")
    message = Advice("no place for ", Given("seed", 1, "IQMOptions"))
    for kind in (InvalidInputError, NotSentError):
        error = kind(message, remedy=advice)
        for twin in (error, copy.copy(error), pickle.loads(pickle.dumps(error))):
            assert str(twin) == "no place for IQMOptions.seed = 1"
            assert twin.remedy == "Pass on='iqm:garnet'."
            assert twin.remedy.said(lambda setting: f"<{setting.name}>") == "Pass <on>."
    assert error.concerning(provider="iqm").args[0].said(lambda s: f"--{s.name}") == (
        "no place for --seed"
    )


def test_what_nobody_may_read_is_not_kept_in_parts() -> None:
    """Where a secret is taken out of a remedy, the parts that held it are gone as well."""
    known = Secrets()
    known.add("hunter2-hunter2")
    known.open()
    try:
        error = NotSentError("no", remedy=Advice("Pass ", Setting("token", "hunter2-hunter2"), "."))
    finally:
        known.close()
    assert "hunter2" not in error.remedy
    assert not isinstance(error.remedy, Advice)
