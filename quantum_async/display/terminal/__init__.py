"""Pictures made of characters, for terminals of any width, with or without colour."""
