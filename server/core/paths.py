"""Where things lie: what ships with the program, and what belongs to the user."""

from pathlib import Path

import platformdirs

from server.core.errors import Unavailable

__all__ = ("bundled", "default_data_dir", "make_data_dir", "unwritable")

_PACKAGE = Path(__file__).resolve().parent.parent


def bundled(name: str) -> Path:
    """Folder `web`, `config` or `models`: beside `server/` in a checkout, inside it when installed."""
    beside = _PACKAGE.parent / name
    inside = _PACKAGE / "_bundle" / name
    return inside if inside.is_dir() else beside


def default_data_dir() -> Path:
    """The platform's user data folder for Sauda (not created here)."""
    return Path(platformdirs.user_data_dir("sauda", appauthor=False))


def make_data_dir(folder: Path) -> None:
    """Make a data folder that is not there yet; raises Unavailable when there can be none."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error


def unwritable(folder: Path, error: OSError) -> Unavailable:
    """The refusal of a data folder: it cannot be made or written."""
    why = "there is a file of that name" if isinstance(error, FileExistsError) else error.strerror or str(error)
    return Unavailable(
        f"The data folder {folder} cannot be written: {why}.",
        code="data.unwritable",
        remedy="Make it writable, or name another with --data DIR.",
    )
