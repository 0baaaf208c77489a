"""Where the real files lie that tests read: `../shared` beside the checkout, or `$SAUDA_SHARED`."""

import os
from pathlib import Path

import pytest

__all__ = ("shared",)

_ROOT = Path(__file__).resolve().parent.parent


def shared(path: str) -> Path:
    """Path of a real file or folder; skips the test, in one line, where it is absent."""
    base = Path(os.environ.get("SAUDA_SHARED", _ROOT.parent / "shared"))
    found = base / path
    if not found.exists():
        pytest.skip(f"not run: ../shared/{path} is absent")
    return found
