"""The chart's rows: what gets in, extents of any range, Heikin-Ashi."""

import random
from collections.abc import Callable
from typing import Any


def test_bars_when_rows_are_bad_then_only_sound_ones_stay(ask: Callable[..., Any]) -> None:
    held = ask(
        "model/bars",
        """const b = new m.Bars();
        b.set({ t: [1, 2, 2, NaN, 1.5, 3, 4], o: [1, 2, 2.5, 1, 1, NaN, 4], h: [2, 3, 4, 1, 1, 5, 3], l: [0, 1, 2,
          1, 1, 1, 4.5],
          c: [1, 2, 3, 1, 1, 2, 4.2], v: [5, NaN, -3, 1, 1, 1, 7] });
        return [...Array(b.count).keys()].map((i) => b.bar(i));""",
    )
    assert [bar["t"] for bar in held] == [1, 2, 4]
    assert held[1] == {"t": 2, "o": 2.5, "h": 4, "l": 2, "c": 3, "v": 0}  # of two alike the later
    assert (held[2]["h"], held[2]["l"]) == (4.5, 3)  # the range covers every price given
    assert held[0]["v"] == 5


def test_bars_when_updated_then_last_is_replaced_later_appended_and_unknown_refused(ask: Callable[..., Any]) -> None:
    answer = ask(
        "model/bars",
        """const b = new m.Bars();
        const bar = (t, c) => ({ t, o: c, h: c, l: c, c, v: 1 });
        const said = [b.update(bar(10, 1)), b.update(bar(20, 2)), b.update(bar(20, 3)), b.update(bar(15, 9)),
          b.update(bar(10, 8)),
          b.update({ ...bar(30, 4), h: Infinity })];
        return { said, closes: [...b.c.subarray(0, b.count)] };""",
    )
    assert answer == {"said": [0, 1, 1, -1, 0, -1], "closes": [8, 3]}


def test_bars_when_appended_beyond_their_room_then_nothing_is_lost(ask: Callable[..., Any]) -> None:
    answer = ask(
        "model/bars",
        """const b = new m.Bars();
        for (let i = 0; i < 3000; i += 1) b.update({ t: i, o: i, h: i + 1, l: i - 1, c: i, v: i });
        b.extent.range(5, 2900); b.closes.range(1000, 2000);
        return [b.count, b.bar(2999).c, b.extent.lo, b.extent.hi, b.closes.lo, b.closes.hi];""",
    )
    assert answer == [3000, 2999, 4, 2901, 1000, 2000]


def test_bars_when_prepended_then_overlap_is_dropped(ask: Callable[..., Any]) -> None:
    answer = ask(
        "model/bars",
        """const cols = (t) => ({ t, o: t, h: t, l: t, c: t, v: t });
        const b = new m.Bars(); b.set(cols([10, 11, 12]));
        return [b.prepend(cols([7, 8, 9, 10, 11])), b.prepend(cols([])), b.prepend(cols([10, 12])),
          [...b.t.subarray(0, b.count)]];""",
    )
    assert answer == [3, 0, 0, [7, 8, 9, 10, 11, 12]]


def test_pyramid_when_asked_for_any_range_then_equals_a_plain_search(ask: Callable[..., Any]) -> None:
    rng = random.Random(5)
    high = [rng.uniform(-50, 50) for _ in range(1003)]
    low = [value - rng.uniform(0, 5) for value in high]
    asked = [sorted((rng.randrange(1003), rng.randrange(1003))) for _ in range(400)] + [
        [0, 1002],
        [8, 15],
        [7, 8],
        [3, 3],
    ]
    found = ask(
        "model/pyramid",
        """const [high, low] = [Float64Array.from(a.high), Float64Array.from(a.low)];
        const p = new m.Pyramid(high, low, high.length);
        high[500] = 99; p.set(500); low[1002] = -99; p.set(1002);
        return a.asked.map(([from, to]) => { p.range(from, to); return [p.lo, p.hi]; });""",
        {"high": high, "low": low, "asked": asked},
    )
    high[500], low[1002] = 99, -99
    assert found == [[min(low[a : b + 1]), max(high[a : b + 1])] for a, b in asked]


def test_pyramid_when_rows_are_unknown_then_they_count_for_nothing(ask: Callable[..., Any]) -> None:
    found = ask(
        "model/pyramid",
        """const c = Float64Array.from({ length: 40 }, (_, i) => (i < 20 ? NaN : i));
          const p = new m.Pyramid(c, c, 40);
        p.range(0, 39); const all = [p.lo, p.hi]; p.range(0, 19); return [all, p.hi < p.lo];""",
    )
    assert found == [[20, 39], True]


def test_heikin_when_a_bar_changes_then_same_as_made_anew(ask: Callable[..., Any]) -> None:
    assert ask(
        "model/heikin",
        """const { Bars } = await import('/web/chart/model/bars.js'); const b = new Bars(); b.set(stage.bars(300));
        const k = new m.Heikin(b); b.update({ t: b.t[299], o: 24400, h: 24500, l: 24300, c: 24444, v: 1 });
          k.update(b, 299);
        b.update({ t: b.t[299] + 60000, o: 24444, h: 24450, l: 24440, c: 24449, v: 1 }); k.update(b, 300);
        const fresh = new m.Heikin(b); const close = (b.o[150] + b.h[150] + b.l[150] + b.c[150]) / 4;
        return ['o', 'h', 'l', 'c'].every((key) => k[key].every((value,
          i) => value === fresh[key][i])) && k.c[150] === close
          && k.o[150] === (k.o[149] + k.c[149]) / 2;""",
    )
