"""Moments that services tell are ordinary values of the standard library."""

from __future__ import annotations

import datetime
import inspect
from importlib import import_module

import pytest
from pydantic import BaseModel, TypeAdapter

WIRES = [import_module(f"quantum_async.providers.{name}.wire") for name in ("azure", "qoro")]
MODELS = [
    model
    for wire in WIRES
    for model in vars(wire).values()
    if inspect.isclass(model) and issubclass(model, BaseModel) and model.__module__ == wire.__name__
]
MOMENTS = [
    pytest.param(model, name, id=f"{model.__module__.split('.')[2]}.{model.__name__}.{name}")
    for model in MODELS
    for name, field in model.model_fields.items()
    if "datetime" in str(field.annotation)
]


def test_there_are_moments():
    """Else nothing is tried here."""
    assert len(MOMENTS) > 5


@pytest.mark.parametrize("text", ["2026-05-01T12:00:00Z", "2026-05-01T12:00:00.1234567+05:30"])
@pytest.mark.parametrize(("model", "name"), MOMENTS)
def test_a_moment_has_a_time_zone_of_the_standard_library(model, name, text):
    """Pydantic's own crashes an interpreter that ends while somebody still has such a moment."""
    field = model.model_fields[name]
    found = TypeAdapter(field.rebuild_annotation()).validate_python(text)
    assert type(found.tzinfo) is datetime.timezone
    assert found == datetime.datetime.fromisoformat(text.replace("1234567", "123456"))
