"""A journal in each of the databases, as the tests of the journal have it."""

from tests.journal.conftest import pg, place, postgresql

__all__ = ["pg", "place", "postgresql"]
