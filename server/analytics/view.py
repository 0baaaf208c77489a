"""One chain as computed at one moment: arrays by strike, figures of the whole, the fitted smile. Immutable."""

from datetime import date, datetime

import msgspec
import numpy as np
import numpy.typing as npt

from server.analytics.contracts import ChainId
from server.options.legs import Term
from server.options.probability import Distribution
from server.options.smile import Smile

__all__ = ("BUILD_UP", "FORWARD_SOURCES", "ChainView", "Fit", "Side", "SmileLike", "Summary", "finite")

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]

BUILD_UP = ("none", "long", "short", "covering", "unwinding")
FORWARD_SOURCES = ("none", "parity", "future", "carry")


class Side(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Calls or puts of a chain, a place a strike; NaN = cannot be told."""

    rows: I8
    """Catalogue rows, -1 = not listed."""
    iv: F8
    iv_reason: npt.NDArray[np.int8]
    """Code of `server.options.codes`."""
    mid: F8
    """Mean of bid and ask where both are good, else the last price."""
    delta: F8
    gamma: F8
    theta: F8
    """Rupees a unit and calendar day."""
    vega: F8
    """Rupees a unit and point of volatility."""
    rho: F8
    """Rupees a unit and percent of interest."""
    oi_change: F8
    build_up: npt.NDArray[np.int8]
    """Place in `BUILD_UP`."""
    bid_iv: F8
    ask_iv: F8


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """How well the smile's curve lies in the quotes."""

    kind: str = "none"
    """refined, svi, ssvi, flat, or none."""
    rmse: float | None = None
    """Of implied volatility, 0.01 = one point."""
    inside: float | None = None
    """Share of quotes whose bid and ask hold the curve, 0..1."""
    points: int = 0
    reason: str = ""
    """Why the fit is a poorer one, in words."""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of a whole chain; null = cannot be told."""

    spot: float | None = None
    future: float | None = None
    forward: float | None = None
    forward_source: str = "none"
    """parity, future, carry or none."""
    atm_strike: float | None = None
    days_left: float = 0.0
    """Calendar days, to the minute."""
    years: float = 0.0
    atm_iv: float | None = None
    iv_rank: float | None = None
    """0..1 within the year's range."""
    iv_percentile: float | None = None
    """Share of the year's days below, 0..1."""
    rank_source: str = "none"
    """own: stored at-the-money volatility; vix: the volatility index; none."""
    straddle: float | None = None
    """Call and put at the at-the-money strike, rupees."""
    expected_move: float | None = None
    """One standard deviation of the spot until the expiry, points."""
    pcr_oi: float | None = None
    pcr_volume: float | None = None
    max_pain: float | None = None
    gex: float | None = None
    """Gamma exposure: rupees that dealers long calls and short puts trade for one percent of the spot."""
    gex_flip: float | None = None
    """Strike at which gamma exposure changes its sign."""
    call_oi: float | None = None
    put_oi: float | None = None
    call_volume: float | None = None
    put_volume: float | None = None
    skew: float | None = None
    """Slope of volatility at the money, per unit of log strike."""
    risk_reversal: float | None = None
    """25-delta call volatility less put volatility."""
    butterfly: float | None = None
    """Mean of the 25-delta wings less the money."""
    put_25: float | None = None
    call_25: float | None = None


class ChainView(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """See the module's text."""

    market: str
    id: ChainId
    underlying: str
    title: str
    lot: int
    version: int
    """Counts computations of this service: a newer view has a larger one."""
    at: datetime
    """Market time, aware UTC."""
    computed: float
    """Monotonic seconds."""
    source: str
    strikes: F8
    call: Side
    put: Side
    term: Term
    """Forward NaN when nothing gives one."""
    summary: Summary
    fit: Fit
    smile: "SmileLike | None"
    fitted: float = 0.0
    """Monotonic seconds at which the smile was fitted."""
    bid: F8
    """Of calls, then puts, as quoted."""
    ask: F8
    notes: tuple[str, ...] = ()
    oi_first: int = 0
    """Contracts whose change of open interest counts from the first seen: none of the session before is known."""

    @property
    def expiry(self) -> date:
        """Of its contracts."""
        return self.id.expiry

    def place(self, strike: float) -> int | None:
        """Place of a strike, None when it is not listed."""
        at = int(np.searchsorted(self.strikes, strike - 1e-6))
        return at if at < len(self.strikes) and abs(self.strikes[at] - strike) < 1e-6 else None

    def density(self) -> Distribution | None:
        """Distribution of the spot at the expiry as the smile has it; None where no smile was fitted."""
        return None if self.smile is None else self.smile.curve

    def around(self, each_side: int) -> slice:
        """Places of so many strikes on each side of the at-the-money one; 0 = all."""
        if each_side <= 0:
            return slice(0, len(self.strikes))
        middle = self.summary.atm_strike or self.summary.spot
        at = int(np.argmin(np.abs(self.strikes - middle))) if middle else len(self.strikes) // 2
        return slice(max(0, at - each_side), at + each_side + 1)


class SmileLike(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A fitted smile with its figures."""

    curve: Smile
    measures: dict[str, float | None]
    """skew, risk_reversal, butterfly, put_25, call_25."""


def finite(value: float) -> float | None:
    """The number, or None for what JSON does not have."""
    return float(value) if np.isfinite(value) else None
