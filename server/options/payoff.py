"""What a strategy is worth at any spot, date and volatility, and what that says of it: breakevens, best and worst case.

Options are valued by Black 76 on the forward of their own expiry, which moves with the spot: F = S exp(carry x years
left). A contract whose expiry lies before the date asked for counts as settled at that same spot. Dates are years from
now; `shift` is added to every implied volatility (0.01 = one point). Rupees throughout, as float64: this is analytics.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from server.core.errors import Invalid
from server.options.legs import Book
from server.options.normal import cdf

__all__ = ("Outcome", "Totals", "check", "curves", "greeks", "leg_greeks", "outcome", "profit", "value", "worth")

F8 = npt.NDArray[np.float64]
_SQRT2PI = np.sqrt(2.0 * np.pi)
_LEAST_SIGMA = 0.005
_SETTLED = 1e-9
"""Years below which nothing but the intrinsic value is left: 30 ms."""
_BLOCK = 16_384
"""Values worked on at a time: what stays in the cache near the core."""
_NODES = 401
_ROUNDS = 60


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Greeks of all legs together, in rupees: delta per rupee of spot (so units of the underlying), gamma its change,
    theta per calendar day, vega per point of volatility, rho per point of interest."""

    delta: float
    gamma: float
    theta: float
    vega: float
    rho: float


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the profit curve at one date says. None = not bounded (then the flag beside it is set) or not defined."""

    at_years: float
    breakevens: tuple[float, ...]
    """Spots at which the profit changes its sign, ascending."""
    max_profit: float | None
    max_loss: float | None
    """Worst profit: below zero, or above it where nothing can be lost."""
    profit_at: float | None
    """A spot of the best profit."""
    loss_at: float | None
    profit_unbounded: bool
    loss_unbounded: bool
    reward_to_risk: float | None
    """Best profit over worst loss; None where either is unbounded or nothing can be lost."""
    exact: bool
    """Whether the curve is made of straight lines, so that all of this is exact."""


def value(book: Book, spots: npt.ArrayLike, after: npt.ArrayLike = 0.0, shift: float = 0.0) -> F8:
    """Worth of all legs at each spot (n,), or at each date and spot (d, n) where `after` is an array."""
    times = np.atleast_1d(np.asarray(after, float))
    s = np.asarray(spots, float)
    check(book, s, times)
    found = worth(book, s, times, np.full(times.shape, shift))
    return found[0] if np.ndim(after) == 0 else found


def profit(book: Book, spots: npt.ArrayLike, after: npt.ArrayLike = 0.0, shift: float = 0.0) -> F8:
    """Worth less what was paid, before charges; shapes as `value`."""
    found: F8 = value(book, spots, after, shift) - book.cost
    return found


def curves(book: Book, spots: npt.ArrayLike, after: Sequence[float]) -> F8:
    """Profit curves (d, n): one row a date."""
    return profit(book, spots, np.asarray(after, float))


def check(book: Book, spots: F8, times: F8) -> None:
    """Raise Invalid for spots that are no prices and dates outside the life of the strategy."""
    if spots.ndim != 1 or not spots.size or not (np.isfinite(spots).all() and (spots >= 0).all()):
        raise Invalid("Spots must be numbers of zero or more.", code="options.spots", field="spots")
    if not (np.isfinite(times).all() and (times >= 0).all()):
        raise Invalid("The date lies in the past.", code="options.date_past", field="after")
    if (times > book.last_expiry + 1e-6).any():
        raise Invalid(
            "The date lies after the last expiry of the strategy.",
            code="options.date_after_expiry",
            field="after",
            remedy="Choose a date up to the last expiry.",
        )


def worth(book: Book, spots: F8, times: F8, shifts: F8) -> F8:
    """Worth of all legs (p, n), for p pairs of date and shift of volatility and n spots."""
    left = np.maximum(np.where(np.isfinite(book.years), book.years, 0.0)[:, None] - times, 0.0)
    option = book.sign != 0.0
    out: F8 = (np.exp(book.carry[:, None] * left) * (book.quantity * ~option)[:, None]).sum(0)[:, None] * spots
    if not option.any():
        return out
    sign, strike = book.sign[option, None], book.strike[option, None]
    left, held = left[option], book.quantity[option, None]
    settled = left <= _SETTLED
    if settled.any():
        out += (held * settled).T @ np.maximum(sign * (spots - strike), 0.0)
    alive = np.flatnonzero(~settled.all(0))
    if not alive.size:
        return out
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        logs = np.log(spots)
        left, shifts, held = left[:, alive], shifts[alive], held * ~settled[:, alive]
        carry, rate = book.carry[option, None] * left, book.rate[option, None] * left
        total = np.maximum(book.sigma[option, None] + shifts, _LEAST_SIGMA) * np.sqrt(np.maximum(left, _SETTLED))
        ahead = held * sign * np.exp(carry - rate)
        behind = held * sign * strike * np.exp(-rate)
        level = (carry - np.log(strike)) / total + 0.5 * total
        step = max(_BLOCK // (len(held) * spots.size), 1)
        for start in range(0, alive.size, step):
            part = slice(start, start + step)
            # signed from here on, so that calls and puts go through the same few passes
            signed = sign / total[:, part]
            d1 = signed[:, :, None] * logs
            d1 += (sign * level[:, part])[:, :, None]
            d2 = d1 - (sign * total[:, part])[:, :, None]
            near = (cdf(d1) * ahead[:, part, None]).sum(0)
            far = (cdf(d2) * behind[:, part, None]).sum(0)
            out[alive[part]] += near * spots - far
    return out


def leg_greeks(book: Book, spot: float | None = None, after: float = 0.0, shift: float = 0.0) -> dict[str, F8]:
    """Greeks of each leg (n,), quantity included; units as in `Totals`. Settled legs have none but their delta."""
    s = book.spot if spot is None else spot
    check(book, np.array([s]), np.array([after]))
    left = np.where(np.isfinite(book.years), np.maximum(book.years - after, 0.0), 0.0)
    live = (left > _SETTLED) & (book.sign != 0.0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        root = np.sqrt(np.where(live, left, 1.0))
        sigma = np.maximum(book.sigma + shift, _LEAST_SIGMA)
        total = sigma * root
        grown = np.exp(book.carry * left)
        forward = s * grown
        d1 = np.log(forward / book.strike) / total + 0.5 * total
        discount = np.exp(-book.rate * left)
        bell = np.exp(-0.5 * d1 * d1) / _SQRT2PI
        cover = discount * book.sign * cdf(book.sign * d1)
        worth = forward * cover - book.strike * discount * book.sign * cdf(book.sign * (d1 - total))
        intrinsic_delta = np.where(book.sign * (s - book.strike) > 0, book.sign, 0.0)
        linear = book.sign == 0.0
        q = book.quantity
        return {
            "delta": q * np.where(linear, grown, np.where(live, cover * grown, intrinsic_delta)),
            "gamma": q * np.where(live, discount * bell * grown / (s * total), 0.0),
            "theta": q
            * np.where(
                live,
                book.rate * worth - cover * forward * book.carry - discount * forward * bell * sigma / (2.0 * root),
                np.where(linear, -book.carry * forward, 0.0),
            )
            / 365.0,
            "vega": q * np.where(live, discount * forward * bell * root, 0.0) / 100.0,
            "rho": q * np.where(live, left * (forward * cover - worth), np.where(linear, left * forward, 0.0)) / 100.0,
        }


def greeks(book: Book, spot: float | None = None, after: float = 0.0, shift: float = 0.0) -> Totals:
    """Greeks of all legs together at one spot and date."""
    return Totals(**{name: float(column.sum()) for name, column in leg_greeks(book, spot, after, shift).items()})


def outcome(book: Book, after: float | None = None) -> Outcome:
    """Breakevens, best and worst profit at one date; None = when the first contract expires (now, for shares)."""
    at = after if after is not None else (book.first_expiry if np.isfinite(book.first_expiry) else 0.0)
    straight = bool(np.all((book.sign == 0.0) | (book.years - at <= _SETTLED)))
    left = np.where(np.isfinite(book.years), np.maximum(book.years - at, 0.0), 0.0)
    # beyond every strike puts are worth nothing and calls move as the forward does
    with_spot = np.where(book.sign == 0.0, np.exp(book.carry * left), np.exp((book.carry - book.rate) * left))
    slope = float(np.sum(book.quantity * with_spot * (book.sign >= 0.0)))
    if np.sum(book.quantity * (book.sign >= 0.0)) == 0.0:
        # as many units bought as sold: what is left of a slope is interest between two expiries, not a market view
        slope = 0.0
    nodes = _nodes(book, at, straight)
    levels = profit(book, nodes, at)
    levels[np.abs(levels) <= 1e-9 * max(float(np.abs(book.quantity) @ book.price), 1e-6)] = 0.0
    if straight:
        roots = _straight_roots(nodes, levels, slope)
    else:
        roots = _curved_roots(book, nodes, levels, at)
        nodes, levels = _finer(book, nodes, levels, at)
    up, down = slope > 0.0, slope < 0.0
    top, bottom = int(np.argmax(levels)), int(np.argmin(levels))
    best = None if up else float(levels[top])
    worst = None if down else float(levels[bottom])
    return Outcome(
        at_years=float(at),
        breakevens=tuple(roots),
        max_profit=best,
        max_loss=worst,
        profit_at=None if up else float(nodes[top]),
        loss_at=None if down else float(nodes[bottom]),
        profit_unbounded=up,
        loss_unbounded=down,
        reward_to_risk=best / -worst if best is not None and worst is not None and worst < 0.0 else None,
        exact=straight,
    )


def _nodes(book: Book, at: float, straight: bool) -> F8:
    """Where the curve has to be looked at: its kinks, and for a curved one a fine grid between them."""
    strikes = np.unique(book.strike[book.sign != 0.0])
    if straight:
        return np.concatenate([[0.0], strikes if strikes.size else [book.spot]])
    dated = np.isfinite(book.years) & (book.sign != 0.0)
    spread = 8.0 * float(np.max(book.sigma[dated] * np.sqrt(book.years[dated])))
    low = min(float(strikes.min()), book.spot) * np.exp(-min(spread, 3.0))
    high = max(float(strikes.max()), book.spot) * np.exp(min(spread, 3.0))
    return np.unique(np.concatenate([[0.0], strikes, np.geomspace(low, high, _NODES)]))


def _straight_roots(nodes: F8, levels: F8, slope: float) -> list[float]:
    """Where straight lines through the nodes, and the ray beyond the last, cross or touch down to zero."""
    roots = []
    for i in range(len(nodes) - 1):
        here, there = float(levels[i]), float(levels[i + 1])
        if here * there < 0.0:
            roots.append(float(nodes[i]) + here * float(nodes[i + 1] - nodes[i]) / (here - there))
    last = float(levels[-1])
    if last * slope < 0.0:
        roots.append(float(nodes[-1]) - last / slope)
    ahead = np.append(levels[1:], slope)
    before = np.insert(levels[:-1], 0, 0.0)
    # a node on zero counts where profit turns there, not inside a stretch of zeros nor where the curve only touches it
    turns = (levels == 0.0) & (np.sign(before) != np.sign(ahead))
    turns[0] = False
    return sorted([*roots, *nodes[turns].tolist()])


def _curved_roots(book: Book, nodes: F8, levels: F8, at: float) -> list[float]:
    """Roots between nodes of different sign, all at once: false position with bisection as its guard."""
    change = np.flatnonzero(levels[:-1] * levels[1:] < 0.0)
    if not change.size:
        return []
    low, high = nodes[change].copy(), nodes[change + 1].copy()
    f_low, f_high = levels[change].copy(), levels[change + 1].copy()
    middle = low
    for turn in range(_ROUNDS):
        flat = low - f_low * (high - low) / (f_high - f_low)
        middle = 0.5 * (low + high) if turn % 3 == 2 else flat
        f = profit(book, middle, at)
        left = f * f_low > 0.0
        low, f_low = np.where(left, middle, low), np.where(left, f, f_low)
        high, f_high = np.where(left, high, middle), np.where(left, f_high, f)
        if np.all((high - low <= 1e-11 * high) | (f == 0.0)):
            break
    return sorted(middle.tolist())


def _finer(book: Book, nodes: F8, levels: F8, at: float) -> tuple[F8, F8]:
    """A finer grid beside the best and the worst node, twice."""
    for _ in range(2):
        extra = []
        for index in (int(np.argmax(levels)), int(np.argmin(levels))):
            low, high = nodes[max(index - 1, 0)], nodes[min(index + 1, len(nodes) - 1)]
            extra.append(np.linspace(low, high, 41))
        more = np.concatenate(extra)
        nodes = np.concatenate([nodes, more])
        levels = np.concatenate([levels, profit(book, more, at)])
        order = np.argsort(nodes, kind="stable")
        nodes, levels = nodes[order], levels[order]
    return nodes, levels
