"""What a provider's package exports."""

from __future__ import annotations

from importlib import import_module

import pytest

EXPECTED = {
    "pasqal": {"BatchFilters", "JobFilters", "Page", "PageOf", "PasqalClient", "PasqalOptions"},
    "azure": {"AzureClient", "AzureOptions", "ItemFilters", "ItemOrder", "Workspace"},
    "iqm": {"Circuit", "IQMClient", "IQMOptions", "Instruction"},
    "qoro": {"JobConfig", "QoroClient", "QoroOptions", "ResultPage", "TransactionPage"},
}


@pytest.mark.parametrize("name", EXPECTED)
def test_what_a_list_takes_and_gives_is_exported(name: str) -> None:
    """Filters and pages come from the provider's package, and every listed name is there."""
    package = import_module(f"quantum_async.providers.{name}")
    assert set(package.__all__) >= EXPECTED[name]
    assert dir(package) == sorted(package.__all__)
    for public in package.__all__:
        assert getattr(package, public).__name__ == public
    with pytest.raises(AttributeError, match="Filterz"):
        _ = package.Filterz
