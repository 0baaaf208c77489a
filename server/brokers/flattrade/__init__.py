"""Flattrade (PiConnect), a Noren broker."""
