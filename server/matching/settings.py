"""Settings of the exchange simulator."""

from decimal import Decimal
from typing import Annotated

import msgspec

__all__ = ("MatchingSettings",)

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class MatchingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the simulated exchange behaves; the same seed and inputs give the same fills."""

    seed: Annotated[int, msgspec.Meta(ge=0)] = 1
    """Start of all chance in here."""
    latency: Annotated[float, msgspec.Meta(ge=0, le=10)] = 0.05
    """Seconds of market time a command takes to reach the exchange."""
    slippage: Decimal = Decimal("0.001")
    """Step of price, as a fraction, for each level beyond those shown; the whole slip where no book is shown."""
    partial_chance: Share = 0.1
    """How often a fill without a book is partial."""
    partial_low: Share = 0.7
    """Least share filled by a partial fill without a book."""
    partial_high: Share = 0.9
    """Largest share filled by it."""
