"""What stands in for Divi in our own tests, held against Divi: both generations subclass it."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from dataclasses import fields
from pathlib import Path

import divi.backends
import divi.exceptions
import pytest

PATH = Path(__file__).parents[1] / "integrations" / "divi" / "stand_in.py"


class StandInPromises:
    @pytest.fixture(scope="module")
    def stand_in(self):
        """The module, which is not where this environment looks."""
        spec = importlib.util.spec_from_file_location("stand_in", PATH)
        module = importlib.util.module_from_spec(spec)
        sys.modules["stand_in"] = module
        spec.loader.exec_module(module)
        return module

    @pytest.fixture
    def names(self, stand_in) -> dict[str, object]:
        """What it says is in `divi.backends`, of the generation that is installed."""
        is_newer = hasattr(divi.backends, "QoroJobError")
        return stand_in.BACKENDS[stand_in.NEWER if is_newer else stand_in.OLDER]

    def test_it_has_the_names_that_divi_has(self, names):
        """Whether Divi has an error of its own for jobs is how our runner tells its generations."""
        for name in names:
            assert hasattr(divi.backends, name), name
        assert ("QoroJobError" in names) == hasattr(divi.backends, "QoroJobError")

    def test_a_runner_implements_and_inherits_the_same(self, names):
        """The same abstract methods, the same arguments, and nothing that Divi's class lacks."""
        real, ours = divi.backends.CircuitRunner, names["CircuitRunner"]
        assert ours.__abstractmethods__ == real.__abstractmethods__
        assert (
            inspect.signature(ours).parameters.keys() == inspect.signature(real).parameters.keys()
        )
        public = {name for name in dir(ours) if not name.startswith("_")}
        assert public <= set(dir(real))
        assert hasattr(real, "resolves_parameters") == hasattr(ours, "resolves_parameters")
        first, second = (inspect.signature(c.submit_circuits).parameters for c in (real, ours))
        assert [p.kind for p in first.values()] == [p.kind for p in second.values()]
        with pytest.raises(ValueError, match="0"):
            type("Runner", (real,), dict.fromkeys(real.__abstractmethods__))(0)

    def test_a_result_has_the_same_fields(self, names):
        """With the same defaults, and a copy with results is made in the same way."""
        real, ours = divi.backends.ExecutionResult, names["ExecutionResult"]
        assert [(f.name, f.default) for f in fields(ours)] == [
            (f.name, f.default) for f in fields(real)
        ]
        assert (
            inspect.signature(ours.with_results).parameters.keys()
            == inspect.signature(real.with_results).parameters.keys()
        )
        for kind in (real, ours):
            assert kind(job_id="a").is_async()
            assert not kind(job_id="a").with_results([]).is_async()

    def test_the_words_are_the_same(self, names):
        """Every status of Divi's, and the errors that stand for those without results."""
        assert {s.value for s in names["JobStatus"]} == {s.value for s in divi.backends.JobStatus}
        for name, kind in names.items():
            if name.endswith("Error") and name != "QoroJobError":
                real = getattr(divi.backends, name)
                assert issubclass(real, divi.backends.QoroJobError)
                assert kind("a").status.value == real("a").status.value
                assert real("a").job_id == "a"
        assert issubclass(divi.exceptions.ExecutionCancelledError, Exception)
