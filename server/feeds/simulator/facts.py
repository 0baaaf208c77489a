"""What stays the same for each row through one simulated day: sizes of its market, class, noise key, start values."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from server.feeds.simulator import noise
from server.feeds.simulator.catalogue import Listing
from server.feeds.simulator.flow import FlowFacts
from server.feeds.simulator.liquidity import classify
from server.feeds.simulator.shares import INDICES, SHARES
from server.rulebook import Rulebook

__all__ = ("DerivativeFacts", "SpotFacts", "derivative_facts", "spot_facts")

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint64]
B1 = npt.NDArray[np.bool_]

_CRORE: Final = 1e7
# usual open interest of all futures of an index in lots, and its futures' volume of a day over that
_INDEX_FUTURES: Final = {"NIFTY": 240_000.0, "BANKNIFTY": 62_000.0, "FINNIFTY": 2_200.0, "MIDCPNIFTY": 14_000.0}
_WEEKDAYS_TO_ROLL: Final = 4.0


class SpotFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Indices, shares, VIX (last), in the listing's order."""

    key: U8
    tick: F8
    levels: F8
    """Prices of indices and shares the evening before (latent, not rounded); VIX left out."""
    turnover: F8
    """Shares of a usual day; 0 for indices."""
    width: F8
    """Quoted spread of shares in ticks."""
    lots: F8
    """Median shares at the touch."""


class DerivativeFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Futures and options, in the listing's order; `expiring` by chain."""

    key: U8
    """Of what lasts from day to day."""
    today: U8
    """Of what is drawn anew each day."""
    tick: F8
    lot: I8
    flow: FlowFacts
    expiring: B1
    """Chains whose last day this is."""
    spread_scale: F8
    size_scale: F8
    heat: F8
    """Options: quotes a step at the money; futures: quotes a step."""
    future_spread: F8
    future_lots: F8


def spot_facts(names: Sequence[str], keys: Sequence[str], tick: F8, levels: F8, day: date, seed: int) -> SpotFacts:
    """Facts of the spots on `day`: `names` and `levels` of indices and shares, `keys` and `tick` with VIX last."""
    share = {s.symbol: s for s in SHARES}
    key = noise.bits(noise.keys(seed, keys), day.toordinal(), 62)
    turnover, width, touch_lots = np.zeros(len(keys)), np.zeros(len(keys)), np.ones(len(keys))
    mood = np.exp(0.25 * noise.normal(key, 0, 61))
    for row in range(len(INDICES), len(names)):
        value, price = share[names[row]].turnover * _CRORE, levels[row]
        turnover[row] = value / price * mood[row]
        # one tick, or about 1.5 basis points where that is more; wider in the less traded
        width[row] = max(
            1.0, round(1.5e-4 * price / tick[row] * (1000.0 * _CRORE / max(150.0 * _CRORE, value)) ** 0.25)
        )
        touch_lots[row] = max(5.0, turnover[row] / 30_000.0)
    return SpotFacts(key=key, tick=tick, levels=levels, turnover=turnover, width=width, lots=touch_lots)


def derivative_facts(
    rulebook: Rulebook, listing: Listing, day: date, levels: F8, turnover: F8, seed: int
) -> DerivativeFacts:
    """Facts of the derivatives on `day`; `levels` and `turnover` as in `SpotFacts`."""
    key = noise.keys(seed, (i.key for i in listing.instruments[listing.first :]))
    n = len(listing.chain)
    klass, days = np.zeros(n, dtype=np.int64), np.zeros(n)
    scale, part, rounded, turns = np.ones(n), np.ones(n), np.ones(n), np.ones(n)
    spread, size, heat = np.ones(n), np.ones(n), np.ones(n)
    future_spread, future_lots = np.ones(n), np.ones(n)
    chain_facts = [_chain(rulebook, listing, number, day) for number in range(len(listing.chains))]
    for row, instrument in enumerate(listing.instruments[listing.first :]):
        number = int(listing.chain[row])
        rank, weekly, left, month = chain_facts[number]
        spot = int(listing.under[row])
        index = INDICES[spot] if spot < len(INDICES) else None
        days[row] = left
        daily_lots = turnover[spot] / instrument.lot
        if instrument.kind == "FUTURE":
            total = _INDEX_FUTURES[index.name] if index else 1.7 * daily_lots
            scale[row] = total
            # the next month takes over during the near month's last week
            roll = _rolled(chain_facts, listing, number)
            part[row] = (1.0 - 0.8 * roll, 0.16 + 0.74 * roll, 0.04 + 0.06 * roll)[min(month, 2)]
            turns[row] = 0.45 + 0.3 * roll
            heat[row] = (1.0 if index else 0.8, 0.6 if index else 0.3, 0.2 if index else 0.08)[min(month, 2)]
            points = levels[spot] * (4e-5, 8e-5, 2.5e-4)[min(month, 2)] * (1.0 if index else 1.6)
            future_spread[row] = max(1.0, points / listing.tick[row + listing.first])
            future_lots[row] = (3.0, 2.0, 1.2)[min(month, 2)] * (2.0 if index else 1.0)
            continue
        klass[row] = classify(rank, weekly, left, index is not None)
        turns[row] = 1.5 + 16.0 * np.exp(-left / 1.6) if index else 0.5
        strike = float(instrument.strike or 0)
        gap = _gap(listing, row)
        if index:
            rounded[row] = 1.0 if strike % (2 * gap) == 0 else 0.28
            rounded[row] *= 2.0 if strike % (20 * gap) == 0 else 1.5 if strike % (10 * gap) == 0 else 1.0
            scale[row] = index.activity
            spread[row] = levels[spot] / 24_400.0 * index.iv_ratio * (1.0 + 0.7 * (1.0 - index.activity))
            size[row] = max(0.3, index.activity) ** 0.5
            heat[row] = (1.0, 0.9, 0.45, 0.16, 0.07, 0.7, 0.3, 0.05)[klass[row]] * (
                1.0 if index.name == "NIFTY" else 0.6
            )
        else:
            scale[row] = 0.03 * daily_lots
            spread[row] = max(0.3, levels[spot] / 1300.0)
            heat[row] = 0.32
    today = noise.bits(key, day.toordinal(), 62)
    return DerivativeFacts(
        key=key,
        today=today,
        tick=listing.tick[listing.first :],
        lot=listing.lot[listing.first :],
        flow=FlowFacts(key, today, listing.option, klass, days, scale, part, rounded, turns),
        expiring=np.array([expiry == day for _, expiry in listing.chains], dtype=bool),
        spread_scale=spread,
        size_scale=size,
        heat=heat,
        future_spread=future_spread,
        future_lots=future_lots,
    )


def _chain(rulebook: Rulebook, listing: Listing, number: int, day: date) -> tuple[int, bool, float, int]:
    """(rank among the name's option expiries, weekly, days left, which futures month)."""
    name, expiry = listing.chains[number]
    listed = rulebook.expiries(name, day)
    rank = next((i for i, e in enumerate(listed) if e.date == expiry), 0)
    weekly = any(e.date == expiry and e.weekly for e in listed)
    months = rulebook.futures_expiries(name, day)
    month = months.index(expiry) if expiry in months else 3
    return rank, weekly, (expiry - day).days + 0.25, month


def _rolled(chain_facts: list[tuple[int, bool, float, int]], listing: Listing, number: int) -> float:
    name = listing.chains[number][0]
    left = next((f[2] for f, c in zip(chain_facts, listing.chains, strict=True) if c[0] == name and f[3] == 0), 30.0)
    return float(np.clip(1.0 - left / (_WEEKDAYS_TO_ROLL * 1.75), 0.0, 1.0))


def _gap(listing: Listing, row: int) -> float:
    """Distance to the chain's next strike: neighbours are call and put of one strike, then the next."""
    strike = listing.strike
    for other in (row + 2, row - 2):
        if 0 <= other < len(strike) and listing.chain[other] == listing.chain[row] and strike[other] != strike[row]:
            return float(abs(strike[other] - strike[row]))
    return 1.0
