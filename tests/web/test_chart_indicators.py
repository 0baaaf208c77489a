"""Indicators against their definitions in plain Python, and a live bar against making all anew."""

import itertools
import math
from collections.abc import Callable
from typing import Any

import pytest

N = 260
PREPARE = """const { Bars } = await import('/web/chart/model/bars.js');
  const { Indicator } = await import('/web/chart/model/indicator.js');
  const b = new Bars(); b.set(stage.bars(a.n, { seed: 11 }));
  const known = (c) => [...c.subarray(0, b.count)].map((x) => (Number.isNaN(x) ? null : x));
"""


@pytest.fixture(scope="module")
def bars(ask: Callable[..., Any]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = ask("indicators/index", "return stage.bars(a, { seed: 11 });", N)
    return found


@pytest.fixture(scope="module")
def values(ask: Callable[..., Any]) -> Callable[..., list[list[float | None]]]:
    def computed(kind: str, **params: float) -> list[list[float | None]]:
        body = (
            PREPARE
            + """const one = new Indicator({ id: 'x', kind: a.kind, params: a.params }, m.INDICATORS.get(a.kind), b);
          return one.kind.outputs.map((_, i) => known(one.columns[i]));"""
        )
        found: list[list[float | None]] = ask("indicators/index", body, {"n": N, "kind": kind, "params": params})
        return found

    return computed


def close(found: list[float | None], wanted: list[float | None]) -> None:
    assert [value is None for value in found] == [value is None for value in wanted]
    pairs = [(f, w) for f, w in zip(found, wanted, strict=True) if f is not None and w is not None]
    assert all(math.isclose(f, w, rel_tol=1e-9, abs_tol=1e-9) for f, w in pairs)


def ema(source: list[float], period: int) -> list[float | None]:
    out: list[float | None] = [None] * (period - 1)
    value = sum(source[:period]) / period
    out.append(value)
    for price in source[period:]:
        value += 2 / (period + 1) * (price - value)
        out.append(value)
    return out


def test_averages_when_computed_then_as_defined(bars: dict[str, list[float]], values: Callable[..., Any]) -> None:
    c = bars["c"]
    close(values("ema", period=20)[0], ema(c, 20))
    close(values("sma", period=30)[0], [None if i < 29 else sum(c[i - 29 : i + 1]) / 30 for i in range(N)])


def test_vwap_when_a_day_begins_then_it_starts_anew(bars: dict[str, list[float]], values: Callable[..., Any]) -> None:
    wanted: list[float | None] = []
    day, money, volume = -1.0, 0.0, 0.0
    for t, h, low, c, v in zip(bars["t"], bars["h"], bars["l"], bars["c"], bars["v"], strict=True):
        today = (t + 19_800_000) // 86_400_000
        if today != day:
            day, money, volume = today, 0.0, 0.0
        money += (h + low + c) / 3 * v
        volume += v
        wanted.append(money / volume if volume else None)
    assert len({(t + 19_800_000) // 86_400_000 for t in bars["t"]}) == 2
    close(values("vwap")[0], wanted)


def test_bollinger_when_computed_then_two_deviations(bars: dict[str, list[float]], values: Callable[..., Any]) -> None:
    upper, middle, lower = values("bollinger", period=20, width=2)
    window = bars["c"][81:101]
    mean = sum(window) / 20
    deviation = math.sqrt(sum((x - mean) ** 2 for x in window) / 20)
    assert [upper[100], middle[100], lower[100]] == pytest.approx([mean + 2 * deviation, mean, mean - 2 * deviation])
    assert middle[18] is None
    assert middle[19] is not None


def test_rsi_when_computed_then_wilders(bars: dict[str, list[float]], values: Callable[..., Any]) -> None:
    c, period = bars["c"], 14
    changes = [b - a for a, b in itertools.pairwise(c)]
    rise = sum(max(0, x) for x in changes[:period]) / period
    fall = sum(max(0, -x) for x in changes[:period]) / period
    wanted: list[float | None] = [None] * period + [100 * rise / (rise + fall)]
    for x in changes[period:]:
        rise += (max(0, x) - rise) / period
        fall += (max(0, -x) - fall) / period
        wanted.append(100 * rise / (rise + fall))
    close(values("rsi", period=period)[0], wanted)


def test_macd_when_computed_then_fast_less_slow(bars: dict[str, list[float]], values: Callable[..., Any]) -> None:
    histogram, line, signal = values("macd", fast=12, slow=26, signal=9)
    fast, slow = ema(bars["c"], 12), ema(bars["c"], 26)
    wanted = [None if f is None or s is None else f - s for f, s in zip(fast, slow, strict=True)]
    close(line, wanted)
    known = [x for x in wanted if x is not None]
    close(signal[25:], ema(known, 9))
    assert histogram[200] == pytest.approx(line[200] - signal[200])


def test_atr_when_computed_then_gaps_count(bars: dict[str, list[float]], values: Callable[..., Any]) -> None:
    h, low, c, period = bars["h"], bars["l"], bars["c"], 14
    ranges = [h[0] - low[0]] + [max(h[i], c[i - 1]) - min(low[i], c[i - 1]) for i in range(1, N)]
    mean = sum(ranges[:period]) / period
    wanted: list[float | None] = [None] * (period - 1) + [mean]
    for x in ranges[period:]:
        mean += (x - mean) / period
        wanted.append(mean)
    close(values("atr", period=period)[0], wanted)


@pytest.mark.parametrize("kind", ["ema", "sma", "vwap", "bollinger", "rsi", "macd", "atr"])
def test_indicator_when_live_bars_come_then_same_as_made_anew(ask: Callable[..., Any], kind: str) -> None:
    body = (
        PREPARE
        + """const spec = { id: 'x', kind: a.kind };
      const one = new Indicator(spec, m.INDICATORS.get(a.kind), b);
      for (let k = 0; k < 900; k += 1) {
        const c = 24400 + Math.sin(k / 9) * 30;
        one.update(b, b.update({ t: b.t[b.count - 1] + (k % 3 === 0 ? 60000 : 0), o: c, h: c + 2, l: c - 2,
          c: c + 1, v: k }));
      }
      const fresh = new Indicator(spec, m.INDICATORS.get(a.kind), b);
      return one.kind.outputs.map((_, i) => [known(one.columns[i]), known(fresh.columns[i])]);"""
    )
    for live, anew in ask("indicators/index", body, {"n": N, "kind": kind}):
        close(live, anew)


@pytest.mark.parametrize("count", [0, 1, 2, 14])
def test_indicator_when_few_bars_then_nothing_breaks(ask: Callable[..., Any], count: int) -> None:
    body = (
        PREPARE
        + """return [...m.INDICATORS.values()].map((kind) => {
        const one = new Indicator({ id: 'x', kind: kind.kind }, kind, b);
        return one.columns.slice(0, kind.outputs.length).every((c) => c.subarray(0,
          b.count).every((x) => Number.isNaN(x) || Number.isFinite(x)));
      });"""
    )
    assert all(ask("indicators/index", body, {"n": count}))
