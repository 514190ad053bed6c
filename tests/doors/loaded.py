"""All that the doors import, for processes that are made from one that has it already."""

from tests.doors.doors import DOORS

for door in DOORS.values():
    door.load()
