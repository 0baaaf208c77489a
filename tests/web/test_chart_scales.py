"""The chart's scales: places, limits, round marks on tick and on IST times, glide, panes."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest


def test_time_scale_when_zoomed_then_the_bar_under_the_pointer_stays(ask: Callable[..., Any]) -> None:
    before, after, limits = ask(
        "model/time-scale",
        """const s = new m.TimeScale(); s.resize(800); s.reset(5000); s.pan(3000);
        const before = s.index(300); for (const f of [1.3, 0.8, 2, 0.6]) s.zoom(f, 300); const after = s.index(300);
        s.zoom(1e9, 300); const widest = s.spacing; s.zoom(1e-12, 300);
          return [before, after, [widest, s.spacing * 5000 <= 800]];""",
    )
    assert after == pytest.approx(before)
    assert limits == [80, True]


def test_time_scale_when_bars_come_then_live_follows_and_history_stays(ask: Callable[..., Any]) -> None:
    live, back, prepended = ask(
        "model/time-scale",
        """const s = new m.TimeScale(); s.resize(800); s.reset(1000);
        const x = s.x(999); s.append(1001); const live = Math.abs(s.x(1000) - x) < 1e-9;
        s.pan(2000); const at = s.x(700); s.append(1005); const back = Math.abs(s.x(700) - at) < 1e-9;
        s.prepend(1505, 500); return [live, back, Math.abs(s.x(1200) - at) < 1e-9];""",
    )
    assert (live, back, prepended) == (True, True, True)


def test_time_scale_when_bars_come_before_its_size_then_there_is_air_at_the_right(ask: Callable[..., Any]) -> None:
    assert ask("model/time-scale", "const s = new m.TimeScale(); s.reset(100); s.resize(800); return s.x(99);") < 790


def test_time_scale_when_panned_far_then_some_bars_stay_in_view(ask: Callable[..., Any]) -> None:
    left, right = ask(
        "model/time-scale",
        """const s = new m.TimeScale(); s.resize(800); s.reset(500); s.pan(1e7); const left = s.to - s.from;
        s.pan(-1e7); return [left, s.to - s.from];""",
    )
    assert left >= 2
    assert right >= 2


@pytest.mark.parametrize(
    ("lo", "hi", "tick"),
    [(182.3, 182.3, 0.05), (0, 0, 0.05), (-20, -5, 0.05), (1e12, 1.1e12, 0.05), (1e-9, 2e-9, 1e-10)],
)
def test_price_scale_when_fitted_then_all_is_inside_and_turns_back(
    ask: Callable[..., Any], lo: float, hi: float, tick: float
) -> None:
    top, bottom, back = ask(
        "model/price-scale",
        """const s = new m.PriceScale(a.tick); s.height = 400; s.fit(a.lo, a.hi);
        return [s.y(a.hi), s.y(a.lo), s.price(s.y(a.hi))];""",
        {"lo": lo, "hi": hi, "tick": tick},
    )
    assert 0 < top <= bottom < 400
    assert back == pytest.approx(hi, rel=1e-9, abs=1e-15)


def test_price_scale_when_zoomed_then_place_stays_and_auto_is_off_until_asked(ask: Callable[..., Any]) -> None:
    kept, moved, auto = ask(
        "model/price-scale",
        """const s = new m.PriceScale(0.05); s.height = 400; s.fit(100, 200); const p = s.price(120);
          s.zoom(2.5, 120);
        const kept = Math.abs(s.price(120) - p) < 1e-9; const moved = s.fit(1, 2); s.auto = true;
          return [kept, moved, s.fit(1, 2)];""",
    )
    assert (kept, moved, auto) == (True, False, True)


def test_price_scale_when_put_on_tick_then_no_float_dust(ask: Callable[..., Any]) -> None:
    body = "return a.map(([price, tick]) => new m.PriceScale(tick).onTick(price));"
    assert ask("model/price-scale", body, [[182.3249, 0.05], [0.30000001, 0.1], [24411, 5], [83.12371, 0.0025]]) == [
        182.3,
        0.3,
        24410,
        83.1225,
    ]


@pytest.mark.parametrize("tick", [0.05, 0.01, 0.1, 1, 5, 0.0025, 0.03])
@pytest.mark.parametrize("span", [0.4, 3, 47, 1234, 5e7])
def test_price_ticks_when_any_span_then_round_on_tick_and_readable(
    ask: Callable[..., Any], tick: float, span: float
) -> None:
    lo = 24000.0
    found = ask(
        "model/price-ticks",
        "return m.priceTicks(a.lo, a.lo + a.span, 500, a.tick, 44);",
        {"lo": lo, "span": span, "tick": tick},
    )
    step = found["step"]
    assert step / tick == pytest.approx(round(step / tick), abs=1e-6)
    assert step * 500 / span >= 43.9  # room for the words
    assert found["first"] >= lo - step * 1e-6
    assert found["count"] <= 64


def test_price_ticks_when_figures_are_impossible_then_none(ask: Callable[..., Any]) -> None:
    body = """return [[5, 5], [5, 4], [0, Infinity], [NaN, 1]].map(
      ([lo, hi]) => m.priceTicks(lo, hi, 400, 0.05, 40).count);"""
    assert ask("model/price-ticks", body) == [0, 0, 0, 0]


def test_time_marks_when_minutes_then_days_first_and_clock_on_round_ist_times(ask: Callable[..., Any]) -> None:
    marks = ask(
        "model/time-ticks",
        """const { Bars } = await import('/web/chart/model/bars.js'); const b = new Bars(); b.set(stage.bars(900));
        return m.timeMarks(b, 0, b.count - 1, 60, 60000).map(({ index, weight, t }) => [index, weight,
          (t + 19800000) % 86400000 / 60000]);""",
    )
    assert [weight for _, weight, _ in marks].count(1) == 2  # two day starts in 900 minutes
    assert all(minute == 9 * 60 + 15 for _, weight, minute in marks if weight == 1)
    assert all(minute % 60 == 0 for _, weight, minute in marks if weight == 0)
    places = [index for index, _, _ in marks]
    assert all(b - a >= 60 for a, b in pairwise(places))


def test_time_marks_when_years_of_days_then_month_and_year_starts_win(ask: Callable[..., Any]) -> None:
    marks = ask(
        "model/time-ticks",
        """const { Bars } = await import('/web/chart/model/bars.js'); const t = [];
        for (let day = Date.UTC(2021, 0, 1); day < Date.UTC(2026, 0, 1); day += 86400000) t.push(day - 19800000);
        const b = new Bars(); b.set({ t, o: t, h: t, l: t, c: t });
        return m.timeMarks(b, 0, b.count - 1, 100, 86400000).map(({ weight, t }) => [weight,
          new Date(t + 19800000).toISOString().slice(0, 10)]);""",
    )
    years = [day for weight, day in marks if weight == 3]
    assert years == [f"{year}-01-01" for year in range(2022, 2026)]
    assert all(day.endswith("-01") for _, day in marks)


def test_day_starts_when_sessions_then_each_first_bar_but_the_very_first(ask: Callable[..., Any]) -> None:
    found = ask(
        "model/time-ticks",
        """const { Bars } = await import('/web/chart/model/bars.js'); const b = new Bars(); b.set(stage.bars(1000));
        const date = (i) => new Date(b.t[i] + 19800000).getUTCDate();
        return m.dayStarts(b, 0, b.count - 1, 20).map((i) => [date(i) !== date(i - 1), i]);""",
    )
    assert len(found) == 3
    assert all(changes for changes, _ in found)


def test_glide_when_flicked_then_slows_to_rest_and_depends_on_time_alone(ask: Callable[..., Any]) -> None:
    path, slow, done = ask(
        "model/kinetic",
        """const g = m.glide(-2);
          return [[0, 50, 100, 400, 2000, 9000].map((ms) => g.travel(ms)), m.glide(0.1), [g.done(10),
          g.done(9000)]];""",
    )
    assert path[0] == 0
    assert path == sorted(path, reverse=True)
    assert path[-1] == path[-2] or abs(path[-1] - path[-2]) < 20
    assert slow is None
    assert done == [False, True]


def test_panes_when_height_is_small_then_lower_ones_are_left_out(ask: Callable[..., Any]) -> None:
    body = """const scale = () => ({ height: 0 });
      const panes = ['price', 'volume', 'rsi'].map((id) => m.pane(id, scale(), []));
        return a.map((height) => { m.layOut(panes, height); return panes.map((one) => one.height); });"""
    tall, low, none = ask("model/panes", body, [700, 140, 20])
    assert sum(tall) == 700 - 28
    assert tall[0] > 2 * tall[1] > 0
    assert low[1] > 0
    assert low[2] == 0
    assert sum(none) == 0
