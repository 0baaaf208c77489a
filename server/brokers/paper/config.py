"""Settings of the paper broker."""

from typing import Annotated

import msgspec

from server.matching.settings import MatchingSettings

__all__ = ("PaperSettings",)


class PaperSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the paper broker behaves."""

    matching: MatchingSettings = MatchingSettings()
    """The exchange behind it: latency, slippage, seed."""
    plan: str = "zerodha"
    """Whose square-off times it keeps (and, in the ledger, whose charges)."""
    answer_within: Annotated[float, msgspec.Meta(ge=0.1, le=10)] = 1.0
    """Wall seconds after which an order is acknowledged though the exchange has not answered: a market that stands
    still answers when it moves again."""
    chase_after: Annotated[float, msgspec.Meta(ge=1, le=600)] = 10.0
    """Market seconds after which a square-off order that still rests is sent anew."""
