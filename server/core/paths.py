"""Where things lie: what ships with the program, and what belongs to the user."""

from pathlib import Path

import platformdirs

__all__ = ("bundled", "default_data_dir")

_PACKAGE = Path(__file__).resolve().parent.parent


def bundled(name: str) -> Path:
    """Folder `web`, `config` or `models`: beside `server/` in a checkout, inside it when installed."""
    beside = _PACKAGE.parent / name
    inside = _PACKAGE / "_bundle" / name
    return inside if inside.is_dir() else beside


def default_data_dir() -> Path:
    """The platform's user data folder for Sauda (not created here)."""
    return Path(platformdirs.user_data_dir("sauda", appauthor=False))
