"""Volatility as plots: what is drawn, what is read out, what stands as a table; nulls are gaps and dashes."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.web.modules import Call, caller
from tests.web.touch import until

Stage = Callable[..., Page]

SMILES = """
const fit = { kind: 'svi', rmse: 0.001, inside: 0.97, points: 5, reason: '' };
const smile = (expiry, level, curve = true) => ({ expiry, days: 4, forward: 24500, atm_iv: level, fit, skew: null,
  risk_reversal: null, butterfly: null, put_25: null, call_25: null,
  points: { strike: [24300, 24400, 24500, 24600], iv: [level + 0.01, null, level, level + 0.02],
    bid_iv: [level, null, level - 0.01, level], ask_iv: [level + 0.02, null, level + 0.01, level + 0.03],
    right: ['PE', 'PE', 'CE', 'CE'] },
  curve: curve ? { strike: [24300, 24500, 24600], iv: [level + 0.01, level, level + 0.02] } : { strike: [], iv: [] } });
const four = ['2026-11-24', '2026-12-01', '2026-12-08', '2026-12-15'].map((day, i) => smile(day, 0.1 + i / 100));
"""


@pytest.fixture(scope="module")
def call(module_stage: Stage) -> Iterator[Call]:
    yield caller(module_stage("options.html"))


def plots(call: Call, body: str, argument: Any = None) -> Any:
    return call("views/options/plots.js", SMILES + body, argument)


def test_smiles_when_drawn_then_each_differs_without_colour(call: Call) -> None:
    body = """const found = m.smilePlot(four, 24510, '2026-11-24').series.filter((one) => one.kind === 'line');
      return found.map((one) => `${(one.dash ?? []).join()}/${one.shape ?? ''}`)"""
    looks = plots(call, body)
    assert len(looks) == 4
    assert len(set(looks)) == 4


def test_smiles_when_one_is_chosen_then_its_quotes_are_drawn_with_bid_and_ask(call: Call) -> None:
    body = """const { series } = m.smilePlot(four, 24510, '2026-12-01');
      return series.filter((one) => one.kind !== 'line').map((one) => [one.kind, one.label])"""
    assert plots(call, body) == [["range", "1 Dec bid to ask"], ["points", "1 Dec market"]]


def test_smile_when_it_has_no_curve_then_its_quotes_stand_alone(call: Call) -> None:
    body = """const { series } = m.smilePlot([four[0], smile('2026-12-01', 0.12, false)], null, '2026-11-24');
      return series.map((one) => [one.kind, one.label]).slice(-1)"""
    assert plots(call, body) == [["points", "1 Dec market"]]


def test_smile_table_when_a_quote_is_missing_then_dashes_and_the_fitted_value(call: Call) -> None:
    rows = plots(call, "return m.smilePlot([four[0]], null, '2026-11-24').table().rows")
    assert rows[1] == ["24 Nov", "24,400", "PE", "\u2014", "\u2014", "\u2014", "10.5%"]
    assert rows[2] == ["24 Nov", "24,500", "CE", "10.0%", "9.0%", "11.0%", "10.0%"]


@pytest.mark.parametrize(("at", "value"), [(0, None), (1, 10), (1.5, 15), (2, 20), (2.5, None), (3, None), (9, None)])
def test_curve_when_read_between_its_points_then_straight_and_never_beyond(
    call: Call, at: float, value: float | None
) -> None:
    assert plots(call, "return m.along([1, 2, 3], [10, 20, null], a)", at) == value


def test_term_when_an_expiry_has_no_volatility_then_it_is_left_out_of_the_curve_only(call: Call) -> None:
    body = """const point = (expiry, days, atm_iv) => ({ expiry, days, atm_iv, forward: 1, straddle: null,
        expected_move: null });
      const points = [point('2026-11-24', 4, 0.1), point('2026-12-01', 11, null)];
      const found = m.termPlot({ points, shape: 'unknown' });
      return [found.series[0].x.length, found.table().rows]"""
    count, rows = plots(call, body)
    assert count == 1
    assert rows[1] == ["1 Dec 2026", "11.0", "\u2014", "1.00", "\u2014", "\u2014"]


@pytest.mark.parametrize(
    ("minutes", "marks"),
    [(1, ["09:15", "09:16"]), (5, 6), (20, ["09:15", "09:20", "09:25", "09:30", "09:35"]), (375, 7)],
)
def test_day_axis_when_the_day_is_short_or_long_then_round_moments_and_few(
    call: Call, minutes: int, marks: list[str] | int
) -> None:
    body = """const { hourMinute } = await import('/web/format/dates.js'); const from = Date.UTC(2026, 10, 20, 3, 45);
      return m.roundMoments(Array.from({ length: a + 1 }, (_, i) => from + i * 60000)).map((one) => hourMinute(one))"""
    found = call("views/options/straddle.js", body, minutes)
    if isinstance(marks, int):
        assert 2 <= len(found) <= marks
    else:
        assert found == marks


@pytest.mark.parametrize(("least", "step"), [(0.3, 0.5), (1, 1), (1.1, 2), (4, 5), (7, 10), (0.012, 0.02)])
def test_axis_when_steps_are_chosen_then_one_two_or_five(call: Call, least: float, step: float) -> None:
    assert call("views/options/plot-paint.js", "return m.niceStep(a)", least) == pytest.approx(step)


PLOT = """
const plot = m.createPlot({ label: 'curve', high: 200 }); document.getElementById('root').replaceChildren(plot.el);
const data = { series: [
  { label: 'first', kind: 'line', x: [1, 2, 3], y: [10, null, 30], tone: 'accent' },
  { label: 'second', kind: 'line', x: [1, 2, 3], y: [5, 6, 7], tone: 'warn', dash: [4, 4], shape: 'square' },
  { label: 'band', kind: 'band', x: [1, 2, 3], low: [1, 1, null], high: [2, 2, null], tone: 'muted' }],
  xText: (x) => `x${x}`, yText: (y) => `${y}`, table: () => ({ heads: ['x', 'y'], rows: [['1', '10'], ['3', '30']] }) };
plot.set(data); window.plot = plot; window.data = data;
"""


def test_plot_when_walked_by_keys_then_values_are_spoken_and_gaps_left_out(stage: Stage) -> None:
    page = stage("options.html")
    caller(page)("views/options/plot.js", PLOT)
    surface = page.get_by_role("application", name="curve")
    surface.focus()
    said = []
    for _ in range(3):
        page.keyboard.press("ArrowRight")
        said.append(page.locator(".plot-reading").text_content())
    assert said == [
        "x1 \u00b7 first 10 \u00b7 second 5 \u00b7 band 1\u20132",
        "x2 \u00b7 second 6 \u00b7 band 1\u20132",
        "x3 \u00b7 first 30 \u00b7 second 7",
    ]
    page.keyboard.press("Escape")
    assert page.locator(".plot-reading").is_hidden()


def test_plot_when_the_table_is_opened_then_the_same_figures_stand_as_text(stage: Stage) -> None:
    page = stage("options.html")
    caller(page)("views/options/plot.js", PLOT)
    page.get_by_text("As a table").click()
    until(page, "document.querySelectorAll('.plot-table tr').length === 3")
    assert page.get_by_role("row").nth(2).text_content() == "330"
    assert page.locator(".plot-legend li").all_text_contents() == ["first", "second", "band"]


@pytest.mark.parametrize("series", ["[]", "[{ label: 'none', kind: 'line', x: [1, 2], y: [null, null], tone: 'up' }]"])
def test_plot_when_there_is_nothing_then_it_is_blank_and_whole(stage: Stage, series: str) -> None:
    page = stage("options.html")
    body = f"const s = await import('/stage/options.js'); const texts = s.listenToCanvas(); {PLOT}"
    texts = caller(page)(
        "views/options/plot.js",
        f"{body} texts.length = 0; plot.set({{ ...data, series: {series} }}); await s.frames(3); return texts;",
    )
    assert texts == []


def test_surface_when_figures_are_missing_then_dashes_and_a_word_on_the_shades(stage: Stage) -> None:
    page = stage("options.html")
    caller(page)(
        "views/options/heat.js",
        """const heat = m.heatTable('Surface'); document.getElementById('root').replaceChildren(heat.el);
        heat.set({ moneyness: [0.95, 1, 1.05], expiries: ['2026-11-24', '2026-12-01'], days: [4, null],
          iv: [[0.2, 0.1, null], [0.15, 0.15, 0.15]], fits: [] });""",
    )
    assert page.locator("td").all_text_contents() == ["20.0", "10.0", "\u2014", "15.0", "15.0", "15.0"]
    assert page.locator("td").first.get_attribute("class") == "heat-5"
    assert "10.0 to 20.0" in (page.locator(".plot-note").text_content() or "")


VOL = """
const s = await import('/stage/options.js'); const { ChainModel } = await import('/web/views/options/model.js');
const made = s.makeCtx(); const fail = async () => { throw s.problem(500, 'x', 'It broke.'); };
for (const name of ['smile', 'term', 'surface', 'volatility', 'straddle']) made.answers[name] = fail;
Object.assign(made.answers, a === null ? {} : { term: async () => ({ points: [], shape: 'unknown' }),
  smile: async () => ({ smiles: [], spot: null, name: 'NIFTY' }),
  surface: async () => ({ moneyness: [], expiries: [], days: [], iv: [], fits: [] }),
  straddle: async () => ({ t: [], straddle: [], iv: [], spot: [] }),
  volatility: async () => ({ underlying: '', name: '', at: '', age: 0, days: 3, spot: null, atm_iv: null,
    realised: [], cone: [],
    rank: { iv: null, rank: null, percentile: null, days: 3, source: 'none', low: null, high: null },
    history: { t: [], iv: [], realised: [] },
    premium: null, garch: { available: false, model: 'garch', forecast: [], persistence: null,
      reason: 'Too few days.' },
    regime: { level: 'unknown', slope: 'unknown', realised: 'unknown' } }) });
const view = m.createVolatilityView(made.ctx, { model: () => new ChainModel(s.chain(3)) });
document.getElementById('root').replaceChildren(view.el); view.show(true);
"""


def test_volatility_when_each_part_fails_then_each_says_so(stage: Stage) -> None:
    page = stage("options.html", "phone")
    caller(page)("views/options/volatility.js", VOL)
    until(page, "[...document.querySelectorAll('.plot-said')].every((one) => one.textContent.includes('It broke.'))")
    assert page.locator(".vol-card").count() == 7


def test_volatility_when_nothing_is_known_then_sentences_and_never_nan(stage: Stage) -> None:
    page = stage("options.html", "phone")
    caller(page)("views/options/volatility.js", VOL, True)
    until(page, "![...document.querySelectorAll('.plot-said')].some((one) => one.textContent === 'Reading')")
    text = page.locator("#root").inner_text()
    for word in ("NaN", "undefined", "Infinity", "null", "vol."):
        assert word not in text
    assert "Too few strikes are quoted" in text
    assert "No rank: 3 days" in text
    assert "Too few days." in text
