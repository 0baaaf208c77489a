"""Which code runs the formulas."""

from typing import Any

__all__ = ("kernels",)


def kernels(rows: int) -> Any:
    return None
