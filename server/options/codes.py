"""Why a row has no answer: one small number a row, in an int8 array beside the results."""

from typing import Final

__all__ = (
    "BAD_FLAG",
    "BAD_SPOT",
    "BAD_STRIKE",
    "BAD_VOLATILITY",
    "NOT_A_NUMBER",
    "NO_TIME",
    "OK",
    "OUT_OF_RANGE",
    "PRICE_BELOW_INTRINSIC",
    "PRICE_NOT_POSITIVE",
    "PRICE_TOO_HIGH",
    "SENTENCES",
)

OK: Final = 0
PRICE_BELOW_INTRINSIC: Final = 1
"""At or below the discounted intrinsic value, or above it by less than rounding leaves certain."""
PRICE_TOO_HIGH: Final = 2
"""At or above what an option may ever cost: the discounted spot (call) or strike (put)."""
NO_TIME: Final = 3
BAD_SPOT: Final = 4
BAD_STRIKE: Final = 5
NOT_A_NUMBER: Final = 6
PRICE_NOT_POSITIVE: Final = 7
BAD_FLAG: Final = 8
BAD_VOLATILITY: Final = 9
OUT_OF_RANGE: Final = 10
"""Numbers so large or small that float64 cannot hold what lies between them."""

SENTENCES: Final[dict[int, str]] = {
    OK: "Solved.",
    PRICE_BELOW_INTRINSIC: "The price has no time value: it is at or below the discounted intrinsic value.",
    PRICE_TOO_HIGH: "The price is more than the option could ever be worth.",
    NO_TIME: "No time is left to expiry.",
    BAD_SPOT: "The price of the underlying is not a positive number.",
    BAD_STRIKE: "The strike is not a positive number.",
    NOT_A_NUMBER: "An input is missing.",
    PRICE_NOT_POSITIVE: "The option has no positive price.",
    BAD_FLAG: "The row is neither a call nor a put.",
    BAD_VOLATILITY: "The volatility is not a positive number.",
    OUT_OF_RANGE: "The inputs are too extreme to compute with.",
}
