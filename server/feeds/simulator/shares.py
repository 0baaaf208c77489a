"""What the simulator must know of the real market's make-up: weights, betas, volatilities, turnover.

Share prices, titles, lots, ticks and strikes come from the rulebook. Here are the figures no rule states: weights are
approximate (NSE's circular of 2025-09-30 gives the first three: HDFCBANK 12.87, ICICIBANK 8.52, RELIANCE 8.18 %),
turnover is that of the bhavcopy of 2026-05-19, betas and volatilities are round figures of the usual size.
Columns and units: weight in the NIFTY 50, %; beta to NIFTY; own volatility (what beta does not explain), % a year;
turnover of one day, crore rupees.
"""

from typing import Final

import msgspec

__all__ = ("INDICES", "SHARES", "VIX", "VIX_LEVEL", "IndexFacts", "ShareFacts")


class ShareFacts(msgspec.Struct, frozen=True):
    """One NIFTY 50 share."""

    symbol: str
    sector: str
    weight: float
    beta: float
    own_vol: float
    turnover: float


class IndexFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One index with derivatives."""

    name: str
    title: str
    beta: float
    """Beta to NIFTY of what its `members` do not explain; for NIFTY itself 1."""
    members: dict[str, float]
    """Shares (and weights, summing to less than 1) it moves with exactly; the rest is beta and own movement."""
    own_vol: float
    """% a year."""
    level: float
    """Where the simulation starts: about the level of November 2026."""
    iv_ratio: float
    """At-the-money volatility over NIFTY's."""
    activity: float
    """Volume and open interest of its options over NIFTY's of the same kind."""
    near: int
    """Strikes listed on each side of the money for near expiries."""


VIX: Final = "INDIAVIX"
VIX_LEVEL: Final = 13.0
"""Where India VIX starts."""

INDICES: Final = (
    IndexFacts(
        name="NIFTY",
        title="Nifty 50",
        beta=1.0,
        members={},
        own_vol=0.0,
        level=24_400.0,
        iv_ratio=1.0,
        activity=1.0,
        near=32,
    ),
    IndexFacts(
        name="BANKNIFTY",
        title="Nifty Bank",
        beta=1.15,
        members={"HDFCBANK": 0.28, "ICICIBANK": 0.24, "SBIN": 0.1, "AXISBANK": 0.09, "KOTAKBANK": 0.09},
        own_vol=5.0,
        level=52_000.0,
        iv_ratio=1.16,
        activity=0.35,
        near=32,
    ),
    IndexFacts(
        name="FINNIFTY",
        title="Nifty Financial Services",
        beta=1.1,
        members={
            "HDFCBANK": 0.29,
            "ICICIBANK": 0.2,
            "SBIN": 0.08,
            "AXISBANK": 0.08,
            "KOTAKBANK": 0.08,
            "BAJFINANCE": 0.07,
        },
        own_vol=5.0,
        level=24_900.0,
        iv_ratio=1.13,
        activity=0.06,
        near=24,
    ),
    IndexFacts(
        name="MIDCPNIFTY",
        title="Nifty Midcap Select",
        beta=1.15,
        members={},
        own_vol=8.5,
        level=12_700.0,
        iv_ratio=1.35,
        activity=0.12,
        near=24,
    ),
)

SHARES: Final = tuple(
    ShareFacts(*row)
    for row in (
        ("ADANIENT", "metals", 0.6, 1.35, 28.0, 1152.0),
        ("ADANIPORTS", "services", 1.0, 1.25, 21.0, 406.0),
        ("APOLLOHOSP", "health", 0.7, 0.75, 19.0, 319.0),
        ("ASIANPAINT", "consumer", 1.0, 0.7, 18.0, 180.0),
        ("AXISBANK", "bank", 2.9, 1.15, 15.0, 1141.0),
        ("BAJAJ-AUTO", "auto", 0.9, 0.9, 18.0, 155.0),
        ("BAJFINANCE", "finance", 2.3, 1.25, 18.0, 769.0),
        ("BAJAJFINSV", "finance", 1.0, 1.1, 16.0, 112.0),
        ("BEL", "industry", 1.3, 1.3, 22.0, 569.0),
        ("BHARTIARTL", "telecom", 4.7, 0.8, 15.0, 1720.0),
        ("CIPLA", "health", 0.8, 0.55, 16.0, 195.0),
        ("COALINDIA", "energy", 0.8, 0.9, 17.0, 334.0),
        ("DRREDDY", "health", 0.7, 0.5, 18.0, 331.0),
        ("EICHERMOT", "auto", 0.8, 0.9, 19.0, 280.0),
        ("ETERNAL", "consumer", 1.8, 1.2, 29.0, 812.0),
        ("GRASIM", "materials", 0.9, 0.9, 15.0, 188.0),
        ("HCLTECH", "it", 1.3, 0.9, 18.0, 680.0),
        ("HDFCBANK", "bank", 12.87, 1.0, 11.0, 3087.0),
        ("HDFCLIFE", "finance", 0.7, 0.85, 17.0, 109.0),
        ("HINDALCO", "metals", 1.0, 1.2, 20.0, 385.0),
        ("HINDUNILVR", "consumer", 2.0, 0.5, 15.0, 258.0),
        ("ICICIBANK", "bank", 8.52, 1.0, 12.0, 4814.0),
        ("ITC", "consumer", 3.4, 0.55, 13.0, 546.0),
        ("INFY", "it", 4.6, 0.95, 17.0, 3831.0),
        ("INDIGO", "services", 1.0, 1.0, 23.0, 246.0),
        ("JSWSTEEL", "metals", 0.9, 1.15, 18.0, 146.0),
        ("JIOFIN", "finance", 0.8, 1.25, 21.0, 225.0),
        ("KOTAKBANK", "bank", 2.7, 0.9, 15.0, 868.0),
        ("LT", "industry", 3.9, 1.1, 14.0, 912.0),
        ("M&M", "auto", 2.7, 1.1, 18.0, 979.0),
        ("MARUTI", "auto", 1.8, 0.85, 17.0, 446.0),
        ("MAXHEALTH", "health", 0.7, 0.7, 23.0, 225.0),
        ("NTPC", "energy", 1.5, 1.0, 15.0, 518.0),
        ("NESTLEIND", "consumer", 0.8, 0.5, 16.0, 260.0),
        ("ONGC", "energy", 0.9, 1.0, 18.0, 284.0),
        ("POWERGRID", "energy", 1.1, 0.85, 15.0, 375.0),
        ("RELIANCE", "energy", 8.18, 1.05, 13.0, 2886.0),
        ("SBILIFE", "finance", 0.8, 0.75, 17.0, 254.0),
        ("SHRIRAMFIN", "finance", 1.1, 1.4, 24.0, 299.0),
        ("SBIN", "bank", 3.3, 1.15, 14.0, 1638.0),
        ("SUNPHARMA", "health", 1.6, 0.6, 16.0, 417.0),
        ("TCS", "it", 2.7, 0.8, 15.0, 2440.0),
        ("TATACONSUM", "consumer", 0.7, 0.7, 18.0, 264.0),
        ("TMPV", "auto", 0.7, 1.25, 24.0, 547.0),
        ("TATASTEEL", "metals", 1.2, 1.25, 19.0, 686.0),
        ("TECHM", "it", 0.8, 1.0, 19.0, 994.0),
        ("TITAN", "consumer", 1.3, 0.85, 16.0, 293.0),
        ("TRENT", "consumer", 0.8, 1.2, 27.0, 212.0),
        ("ULTRACEMCO", "materials", 1.3, 0.9, 15.0, 396.0),
        ("WIPRO", "it", 0.6, 0.9, 18.0, 403.0),
    )
)
