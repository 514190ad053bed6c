"""The generator of the blocking classes; it reads the package, and is not part of it."""
