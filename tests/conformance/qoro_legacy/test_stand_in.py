"""What stands in for Divi in our own tests promises what Divi itself does."""

from __future__ import annotations

from tests.conformance.divi_stand_in import StandInPromises


class TestStandIn(StandInPromises):
    pass
