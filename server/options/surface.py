"""Smiles of all expiries of one underlying fitted together, free of arbitrage, with a word on how good they are.

Per expiry: raw SVI through the middle of the out-of-the-money quotes, weighted by their spread; bent where it would
leave free money in butterflies, or in calendars against the expiry after; then, where asked, refined into the bids
and asks. Across expiries: SSVI, from which expiries with too few quotes are filled in. An expiry nobody quotes stays
empty, and says so.
"""

from collections.abc import Sequence
from math import sqrt
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from server.core.errors import Invalid
from server.options import arbitrage, black76, ssvi, svi
from server.options.density import LinearDensity
from server.options.refine import ATTEMPTS, refined
from server.options.smile import Smile, SmileKind, SmileMeasures, measures
from server.options.ssvi import Ssvi

__all__ = ("Fit", "SmileQuotes", "Surface", "TermSlope", "fit_surface")

F8 = npt.NDArray[np.float64]
FitReason = Literal["", "few_strikes", "no_quotes", "no_time", "no_forward", "one_strike", "calendar"]
TermSlope = Literal["contango", "backwardation", "flat"]
_FLAT = 0.03
LEAST_POINTS = 7
"""Quoted strikes below which five numbers are not fitted."""
LIQUID_SPREAD = 0.05
LIQUID_TICKS = 40
"""A strike counts as liquid where its out-of-the-money option is bid at 40 ticks or more and is quoted no wider than
5 % of its middle, or two ticks."""
_WIDEST = 0.6
_STEEPEST_WEIGHT = 6.0
_NEGLIGIBLE = 4e-8
"""Value of an option, in forwards, that nobody can trade: a fiftieth of a tick on an index of 25,000."""
_GUIDES = 10
"""Every so many points of the grid beyond the quotes the common smile is looked at."""
_TRIES = 3
_FAINT = 0.2
"""Cost of missing a strike that is not liquid, against 1."""


class SmileQuotes(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Quotes of one expiry, a place a strike, ascending; NaN or 0 = none."""

    years: float
    forward: float
    rate: float
    strike: F8
    call_bid: F8
    call_ask: F8
    put_bid: F8
    put_ask: F8
    tick: float = 0.05


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """How good one smile is. Shares and errors are None where there was nothing to compare with."""

    kind: SmileKind | None
    """None: no smile could be made."""
    reason: FitReason
    """Why it is not what was asked for."""
    points: int
    """Out-of-the-money strikes with both sides quoted."""
    liquid: int
    inside: float | None
    """Share of the liquid strikes whose fitted price lies between bid and ask."""
    inside_tick: float | None
    """The same once the fitted price is rounded to the tick, as any quote is."""
    rmse: float | None
    """Of volatility against the middle of the quotes, weighted as fitted."""
    bent: bool
    """Whether the least-squares fit held free money and was changed."""
    butterfly: float
    """Least density factor: zero or more where there is no free money."""
    calendar: float
    """Rupees by which a calendar spread against a neighbouring expiry would be worth less than nothing; at most a
    fiftieth of a tick, which nobody can trade."""


class _Points(msgspec.Struct, frozen=True, eq=False):
    """Usable quotes of one expiry: undiscounted out-of-the-money values as multiples of the forward."""

    k: F8
    low: F8
    high: F8
    w: F8
    weight: F8
    liquid: npt.NDArray[np.bool_]


class _Beside(msgspec.Struct, frozen=True, eq=False):
    """What the neighbours ask of a smile: log-moneyness looked at, least and most total variance there."""

    look: F8
    over: F8
    under: F8


class Surface(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Smiles by expiry, near ones first; None where an expiry could not be fitted."""

    years: tuple[float, ...]
    smiles: tuple[Smile | None, ...]
    fits: tuple[Fit, ...]
    ssvi: Ssvi | None
    ssvi_rmse: float | None
    """Of volatility, over all points."""

    def _known(self) -> list[Smile]:
        return [s for s in self.smiles if s is not None]

    def total_variance(self, k: npt.ArrayLike, years: float) -> F8:
        """w at log-moneyness k: straight in time between expiries, which keeps calendars free; beyond them volatility
        stays as it is at the nearest. Raises Invalid where no expiry has a smile."""
        known = self._known()
        if not known:
            raise Invalid("No expiry has enough quotes for a smile.", code="options.no_surface", field="expiry")
        at = np.array([s.years for s in known])
        i = int(np.searchsorted(at, years))
        if i == 0 or i == at.size:
            edge = known[min(i, at.size - 1)]
            return edge.total_variance(k) * (years / edge.years)
        near, far = known[i - 1], known[i]
        share = (years - near.years) / (far.years - near.years)
        found: F8 = (1.0 - share) * near.total_variance(k) + share * far.total_variance(k)
        return found

    def iv(self, k: npt.ArrayLike, years: float) -> F8:
        """Volatility at log-moneyness k and any time above zero."""
        if not years > 0:
            raise Invalid("No time is left to that date.", code="options.no_time", field="years")
        found: F8 = np.sqrt(self.total_variance(k, years) / years)
        return found

    def term_structure(self) -> list[tuple[float, float]]:
        """(years, volatility at the money) by fitted expiry."""
        return [(s.years, s.total / sqrt(s.years)) for s in self._known()]

    def slope(self) -> TermSlope | None:
        """Whether volatility at the money rises with time (contango), falls (backwardation: the market fears what is
        near) or is flat to within 3 %, from the first fitted expiry to the last; None with fewer than two."""
        term = self.term_structure()
        if len(term) < 2:
            return None
        change = term[-1][1] / term[0][1] - 1.0
        return "flat" if abs(change) <= _FLAT else "contango" if change > 0 else "backwardation"

    def measures(self) -> list[SmileMeasures | None]:
        """Figures of each smile."""
        return [None if s is None else measures(s) for s in self.smiles]


def fit_surface(quotes: Sequence[SmileQuotes], *, refine: bool = True) -> Surface:
    """Surface through the quotes of one underlying. Raises Invalid for no expiries at all, or arrays that differ in
    length; an expiry that cannot be fitted is None with a reason, and harms no other."""
    if not quotes:
        raise Invalid("A surface needs at least one expiry.", code="options.no_expiries", field="expiry")
    for q in quotes:
        if not all(a.shape == q.strike.shape for a in (q.call_bid, q.call_ask, q.put_bid, q.put_ask)):
            raise Invalid("Strikes and quotes differ in number.", code="options.shape", field="strike")
    ordered = sorted(quotes, key=lambda q: q.years if q.years == q.years else np.inf)
    with np.errstate(all="ignore"):
        return _fitted(ordered, refine)


def _points(q: SmileQuotes) -> _Points | FitReason:
    if not (np.isfinite(q.years) and q.years > 0):
        return "no_time"
    if not (np.isfinite(q.forward) and q.forward > 0):
        return "no_forward"
    put = q.strike < q.forward
    bid, ask = np.where(put, q.put_bid, q.call_bid), np.where(put, q.put_ask, q.call_ask)
    quoted = (bid > 0) & (ask >= bid) & (q.strike > 0) & (ask - bid <= _WIDEST * (ask + bid) / 2)
    if not quoted.any():
        return "no_quotes"
    order = np.flatnonzero(quoted)
    order = order[np.argsort(q.strike[order], kind="stable")]
    strike, bid, ask, put = q.strike[order], bid[order], ask[order], put[order]
    grown = np.exp(q.rate * q.years) / q.forward
    # locked quotes still leave half a tick of doubt
    half = np.maximum(0.5 * (ask - bid), 0.25 * q.tick)
    middle = 0.5 * (ask + bid)
    three = np.stack([np.maximum(middle - half, 0.1 * q.tick), middle, middle + half]) * grown
    total = black76.implied_volatility(three, 1.0, strike / q.forward, 1.0, 0.0, ~put)
    w = np.square(total)
    fine = np.isfinite(w).all(0) & (w[2] > w[0])
    if not fine.any():
        return "no_quotes"
    weight = 1.0 / (w[2] - w[0])[fine]
    liquid = (ask - bid <= np.maximum(LIQUID_SPREAD * middle, 2.001 * q.tick)) & (bid >= LIQUID_TICKS * q.tick)
    return _Points(
        k=np.log(strike / q.forward)[fine],
        low=three[0][fine],
        high=three[2][fine],
        w=w[1][fine],
        # a market one tick wide must not outweigh the shape of the rest
        weight=np.minimum(weight, _STEEPEST_WEIGHT * np.median(weight)),
        liquid=liquid[fine],
    )


def _look(p: _Points) -> F8:
    """Log-moneyness at which one expiry is checked."""
    near = float(np.median(p.w[np.argsort(np.abs(p.k))[:3]]))
    return arbitrage.grid(float(np.abs(p.k).max()), sqrt(near))


def _guided(p: _Points, common: F8) -> _Points:
    """The points and, beyond them, some of the common smile's that may be missed by a third."""
    look = _look(p)
    beyond = np.concatenate([look[look < p.k.min()][::_GUIDES], look[look > p.k.max()][::-_GUIDES]])
    w = svi.total_variance(common[None], beyond)[0]
    return msgspec.structs.replace(
        p,
        k=np.concatenate([p.k, beyond]),
        w=np.concatenate([p.w, w]),
        weight=np.concatenate([p.weight, 3.0 / w]),
    )


def _padded(points: Sequence[_Points]) -> tuple[F8, F8, F8]:
    longest = max(p.k.size for p in points)
    out = np.zeros((3, len(points), longest))
    for i, p in enumerate(points):
        out[:, i, : p.k.size] = p.k, p.w, p.weight
    return out[0], out[1], out[2]


def _fitted(quotes: Sequence[SmileQuotes], refine: bool) -> Surface:
    found = [_points(q) for q in quotes]
    rich = [i for i, p in enumerate(found) if isinstance(p, _Points) and p.k.size >= LEAST_POINTS]
    raw: dict[int, F8] = {}
    common, common_rmse = None, None
    if rich:
        some = [p for p in (found[i] for i in rich) if isinstance(p, _Points)]
        k, w, weight = _padded(some)
        parameters, _ = svi.fit(k, w, weight)
        theta = ssvi.rising(np.maximum(svi.total_variance(parameters, np.zeros(1))[:, 0], 1e-8))
        common, _ = ssvi.fit(k, w, weight / np.maximum(np.sqrt(np.square(weight * w).sum(1)), 1e-300)[:, None], theta)
        # once more with the common smile as a faint guide beyond the quotes, so that no wing runs away
        guided = [_guided(p, slice_) for p, slice_ in zip(some, common.slices(theta), strict=True)]
        raw = dict(zip(rich, svi.fit(*_padded(guided), reach=1.0)[0], strict=True))
        common_rmse = _rmse(common.slices(theta), k, w, weight, np.array([quotes[i].years for i in rich]))
    smiles: list[Smile | None] = [None] * len(quotes)
    fits = [_nothing("no_quotes")] * len(quotes)
    # the best quoted expiries first; those between must keep within what the ones beside them are worth
    order = sorted(range(len(quotes)), key=lambda i: -_richness(found[i]))
    for i in order:
        q, p = quotes[i], found[i]
        if not isinstance(p, _Points):
            fits[i] = _nothing(p)
            continue
        look = _look(p)
        before = next((s for s in reversed(smiles[:i]) if s is not None), None)
        after = next((s for s in smiles[i + 1 :] if s is not None), None)
        beside = _Beside(
            look,
            np.zeros(look.size) if before is None else _binding(before.total_variance(look), look, -1.0),
            np.full(look.size, np.inf) if after is None else _binding(after.total_variance(look), look, 1.0),
        )
        quoted = _quoted(found, i, look)
        smile, bent, reason = _smile(q, p, raw.get(i), common, beside, quoted, refine)
        smiles[i], fits[i] = smile, _quality(q, p, smile, bent, reason, beside)
    if common is not None and any(
        f.kind is not None and f.calendar > 2.0 * _NEGLIGIBLE * q.forward for f, q in zip(fits, quotes, strict=True)
    ):
        # slices that cannot be told apart without free money: the one smile for all that holds none by its parameters
        smiles, fits = _all_common(quotes, found, common)
    return Surface(
        years=tuple(q.years for q in quotes),
        smiles=tuple(smiles),
        fits=tuple(fits),
        ssvi=common,
        ssvi_rmse=common_rmse,
    )


def _all_common(
    quotes: Sequence[SmileQuotes], found: Sequence[_Points | FitReason], common: Ssvi
) -> tuple[list[Smile | None], list[Fit]]:
    """Every expiry that has quotes as a slice of the common smile."""
    smiles: list[Smile | None] = []
    fits = []
    highest = 0.0
    for q, p in zip(quotes, found, strict=True):
        if not isinstance(p, _Points):
            smiles.append(None)
            fits.append(_nothing(p))
            continue
        highest = max(highest * (1.0 + 1e-9), _at_the_money(p))
        smile = _made(q, "ssvi", common.slices(highest)[0], None)
        look = _look(p)
        free = _Beside(look, np.zeros(look.size), np.full(look.size, np.inf))
        smiles.append(smile)
        fits.append(_quality(q, p, smile, True, "calendar", free))
    return smiles, fits


def _at_the_money(p: _Points) -> float:
    """Total variance there: of the three strikes nearest to it."""
    close = np.argsort(np.abs(p.k))[:3]
    return float(np.average(p.w[close], weights=p.weight[close]))


def _richness(points: object) -> int:
    return points.k.size + 3 * int(points.liquid.sum()) if isinstance(points, _Points) else -1


def _binding(w: F8, k: F8, side: float) -> F8:
    """What a neighbour's total variance asks of a smile: less (side -1) or more (1) by what nobody can trade."""
    value = _otm(w, k) + side * 0.5 * _NEGLIGIBLE
    solved = np.square(black76.implied_volatility(np.maximum(value, 1e-300), 1.0, np.exp(k), 1.0, 0.0, k >= 0.0))
    return np.where(value > 0.0, np.nan_to_num(solved, nan=0.0), 0.0)


def _quoted(found: Sequence[object], i: int, look: F8) -> tuple[F8, F8]:
    """(least, most) value at log-moneyness `look` that the quotes of other expiries leave to number i: no less than
    what an earlier one is bid at farther from the money, no more than what a later one is offered at nearer to it."""
    least, most = np.zeros(look.size), np.full(look.size, np.inf)
    far = np.abs(look)
    for j, p in enumerate(found):
        if j == i or not isinstance(p, _Points):
            continue
        for side in (1.0, -1.0):
            here = np.sign(p.k) == side
            own = np.sign(look) == side
            if not here.any():
                continue
            order = np.argsort(np.abs(p.k[here]))
            k, low, high = np.abs(p.k[here])[order], p.low[here][order], p.high[here][order]
            if j < i:
                bid = np.append(np.maximum.accumulate(low[::-1])[::-1], 0.0)
                least[own] = np.maximum(least[own], bid[np.searchsorted(k, far[own])])
            else:
                ask = np.append(np.inf, np.minimum.accumulate(high))
                most[own] = np.minimum(most[own], ask[np.searchsorted(k, far[own], "right")])
    return least, np.maximum(most, least)


def _fall(smile: Smile, beside: _Beside) -> float:
    """How far a calendar spread against a neighbour is worth less than nothing, as a multiple of the forward."""
    return max(float(_falls(smile, beside).max()), 0.0)


def _falls(smile: Smile, beside: _Beside) -> F8:
    """The same at each place looked at; zero or less where there is no free money."""
    value = _otm(smile.total_variance(beside.look), beside.look)
    early = np.where(beside.over > 0.0, _otm(beside.over, beside.look) - value, 0.0)
    late = np.where(np.isfinite(beside.under), value - _otm(np.minimum(beside.under, 1e3), beside.look), 0.0)
    return np.maximum(early, late)


def _nothing(reason: FitReason) -> Fit:
    return Fit(
        kind=None,
        reason=reason,
        points=0,
        liquid=0,
        inside=None,
        inside_tick=None,
        rmse=None,
        bent=False,
        butterfly=0.0,
        calendar=0.0,
    )


def _smile(
    q: SmileQuotes,
    p: _Points,
    raw: F8 | None,
    common: Ssvi | None,
    beside: _Beside,
    quoted: tuple[F8, F8],
    refine: bool,
) -> tuple[Smile, bool, FitReason]:
    """(smile, whether its fit was bent, why it is less than asked for)."""
    # the common smile through the strikes nearest to the money, lowered below the expiry after where need be
    theta = _at_the_money(p)
    safe = _between(common, theta, beside)
    if raw is None:
        kind: SmileKind = "flat" if common is None else "ssvi"
        reason: FitReason = "one_strike" if p.k.size == 1 else "few_strikes"
        return _made(q, kind, safe, None), False, reason
    if refine and p.liquid.sum() >= LEAST_POINTS:
        most = np.where(np.isfinite(beside.under), _otm(np.minimum(beside.under, 1e3), beside.look), np.inf)
        least = _otm(beside.over, beside.look)
        least, most = np.maximum(least, quoted[0]), np.minimum(most, quoted[1])
        held = np.arange(beside.look.size) % 2 == 0
        cost = np.where(p.liquid, 1.0, _FAINT)
        tails = raw if common is None else common.slices(theta)[0]
        for smoothness, floor in ATTEMPTS:
            for _ in range(_TRIES):
                bounds = (np.exp(beside.look[held]), least[held], most[held])
                density = refined(raw, tails, q.forward, np.exp(p.k), p.low, p.high, cost, bounds, smoothness, floor)
                if density is None:
                    break
                closer = _made(q, "refined", tails, density)
                falls = _falls(closer, beside)
                if falls.max() <= _NEGLIGIBLE:
                    return closer, False, ""
                # free money where nobody looked: look there too, rather than give the whole smile up
                if (held | (falls <= _NEGLIGIBLE)).all():
                    break
                held |= falls > _NEGLIGIBLE
    guided = p if common is None else _guided(p, common.slices(theta)[0])
    parameters, bent = arbitrage.repaired(
        raw, guided.k, guided.w, guided.weight, beside.over, beside.under, beside.look, safe
    )
    return _made(q, "svi", parameters, None), bent, ""


def _otm(w: F8, k: F8) -> F8:
    return black76.price(1.0, np.exp(k), 1.0, 0.0, np.sqrt(np.maximum(w, 1e-12)), k >= 0.0)


def _between(common: Ssvi | None, theta: float, beside: _Beside) -> F8:
    """A slice free of arbitrage by itself, moved up or down until it is so against its neighbours."""
    best, least = np.zeros(5), np.inf
    for shift in sorted(np.linspace(-1.5, 1.5, 121), key=abs):
        at = theta * float(np.exp(shift))
        parameters = np.array([at, 0.0, 0.0, 0.0, 0.1]) if common is None else common.slices(at)[0]
        w = svi.total_variance(parameters[None], beside.look)[0]
        wrong = max(arbitrage.calendar(beside.over, w), arbitrage.calendar(w, beside.under))
        if wrong <= 0.0:
            return parameters
        if wrong < least:
            best, least = parameters, wrong
    return best


def _made(q: SmileQuotes, kind: SmileKind, parameters: F8, density: LinearDensity | None) -> Smile:
    a, b, rho, m, s = parameters.tolist()
    return Smile(
        forward=q.forward,
        years=q.years,
        kind=kind,
        parameters=(a, b, rho, m, s),
        refined=density,
    )


def _rmse(parameters: F8, k: F8, w: F8, weight: F8, years: F8) -> float:
    fitted = np.sqrt(np.maximum(svi.total_variance(parameters, k), 1e-12) / years[:, None])
    error = np.where(weight > 0, fitted - np.sqrt(w / years[:, None]), 0.0)
    return sqrt(float((np.square(error)).sum() / (weight > 0).sum()))


def _quality(q: SmileQuotes, p: _Points, smile: Smile, bent: bool, reason: FitReason, beside: _Beside) -> Fit:
    w = smile.total_variance(p.k)
    value = _otm(w, p.k)
    miss = np.maximum(p.low - value, value - p.high)[p.liquid]
    # a millionth of a rupee is rounding
    unit = np.exp(-q.rate * q.years) * q.forward
    error = np.square(np.sqrt(w) - np.sqrt(p.w)) / q.years
    weighted = np.square(p.weight * np.sqrt(p.w))
    inside = float(np.mean(miss * unit <= 1e-4)) if miss.size else None
    inside_tick = float(np.mean(miss * unit <= 0.5 * q.tick + 1e-4)) if miss.size else None
    parameters = np.asarray(smile.parameters)[None]
    least = (
        float(smile.refined.heights.min())
        if smile.refined is not None
        else float(arbitrage.butterfly(parameters, beside.look)[0])
    )
    return Fit(
        kind=smile.kind,
        reason=reason,
        points=p.k.size,
        liquid=int(p.liquid.sum()),
        inside=inside,
        inside_tick=inside_tick,
        rmse=sqrt(float(np.average(error, weights=weighted))),
        bent=bent,
        butterfly=least,
        calendar=_fall(smile, beside) * unit,
    )
