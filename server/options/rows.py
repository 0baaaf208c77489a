"""Arguments of the formulas as rows: one shape, float64, contiguous; calls and puts as +1 and -1."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from server.core.errors import Invalid

__all__ = ("flags", "prepare", "rows_of")

F8 = npt.NDArray[np.float64]


def flags(flag: Any) -> npt.NDArray[Any]:
    """+1 for calls, -1 for puts, as numbers. Takes such numbers as they are, booleans (True = call), and text:
    `c`, `call`, `CE`, `p`, `put`, `PE`. Text that is neither becomes 0, which no formula takes. Invalid for other
    types."""
    array = np.asarray(flag)
    if array.dtype.kind in "if":
        return array
    if array.dtype.kind == "u":
        return array.astype(np.float64)
    if array.dtype.kind == "b":
        return np.where(array, np.int8(1), np.int8(-1))
    if array.dtype.kind in "US":
        first = np.char.lower(array.astype("U1"))
        return np.where(first == "c", np.int8(1), np.where(first == "p", np.int8(-1), np.int8(0)))
    raise Invalid(
        f"flag is of type {array.dtype}: expected +1 for calls and -1 for puts.",
        code="options.flag",
        field="flag",
        remedy="Give +1 / -1, or the letters c / p.",
    )


def prepare(**arguments: Any) -> tuple[tuple[int, ...], list[F8]]:
    """The common shape, and every argument as a flat contiguous float64 array of that many rows; a scalar stays an
    array of one row. Invalid when shapes do not broadcast or something is not numeric."""
    arrays: list[npt.NDArray[Any]] = []
    for name, value in arguments.items():
        try:
            array = np.asarray(flags(value) if name == "flag" else value, dtype=np.float64)
        except (TypeError, ValueError):
            raise Invalid(f"{name} is not numeric.", code="options.type", field=name) from None
        arrays.append(array)
    shape = arrays[0].shape
    if any(a.shape != shape and a.size != 1 for a in arrays) or len(shape) < max(a.ndim for a in arrays):
        try:
            shape = np.broadcast_shapes(*(a.shape for a in arrays))
        except ValueError:
            sizes = ", ".join(f"{name} {a.shape}" for name, a in zip(arguments, arrays, strict=True))
            raise Invalid(
                f"The arrays do not fit together: {sizes}.",
                code="options.shape",
                remedy="Give arrays of one shape, or scalars.",
            ) from None
    flat = [
        np.ascontiguousarray(a if a.shape == shape else np.broadcast_to(a, shape)).reshape(-1)
        if a.size != 1
        else a.reshape(-1)
        for a in arrays
    ]
    return shape, flat


def rows_of(shape: tuple[int, ...]) -> int:
    """How many rows a shape has."""
    return math.prod(shape)
