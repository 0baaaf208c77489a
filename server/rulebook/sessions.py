"""Trading sessions: the phases of a market segment on one day, and which orders each phase takes."""

from datetime import date, datetime
from decimal import Decimal

import msgspec

__all__ = ("Phase", "Session")


class Phase(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a session with one set of rules; `start` is in it, `end` is not. Both aware UTC."""

    name: str
    """`preopen`, `continuous`, `closing_auction` or `post_close`; a name may have several steps, told apart by `detail`."""
    start: datetime
    end: datetime
    order_types: frozenset[str]
    """What may be entered: MARKET, LIMIT, SL, SL-M; empty while the exchange only matches."""
    validities: frozenset[str] = frozenset({"DAY"})
    disclosed: bool = False
    """Whether orders with a disclosed quantity (iceberg) are taken."""
    carries: frozenset[str] = frozenset()
    """Order types that stay in the book when the phase before ends; the rest is cancelled then."""
    band: Decimal | None = None
    """Allowed distance from the phase's reference price, as a fraction; None = the usual band."""
    detail: str = ""
    """The step in words: `order entry: limit and market`."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """All phases of a segment on one trading day, in order."""

    segment: str
    day: date
    kind: str
    """`regular`, or the special session's kind: `muhurat`, `budget_sunday`, ..."""
    phases: tuple[Phase, ...]

    @property
    def open(self) -> datetime:
        """Start of continuous trading."""
        return next(p.start for p in self.phases if p.name == "continuous")

    @property
    def close(self) -> datetime:
        """End of continuous trading."""
        return next(p.end for p in reversed(self.phases) if p.name == "continuous")

    @property
    def end(self) -> datetime:
        """End of the last phase."""
        return self.phases[-1].end

    def at(self, moment: datetime) -> Phase | None:
        """The phase at `moment`; None outside all of them."""
        return next((p for p in self.phases if p.start <= moment < p.end), None)
