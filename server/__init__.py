"""Sauda: a local-first trading terminal for Indian markets."""

__all__ = ("__version__",)

__version__ = "0.1.0"
