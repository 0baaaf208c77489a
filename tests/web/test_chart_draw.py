"""What the chart puts on its canvases: the right colours, sharp edges, no more work than needed,
and nothing breaks on odd bars."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.web.touch import until

Stage = Callable[..., Page]
UP, DOWN, ACCENT = "10,127,89,255", "196,54,44,255", "45,91,227,255"
WHITE, NIGHT = "255,255,255,255", "19,23,30,255"


def draw(page: Page, bars: str, options: str = "{}", then: str = "") -> dict[str, int]:
    """Make a chart of `bars` and give the colours of its series layer."""
    found: dict[str, int] = page.evaluate(
        f"""async () => {{ const chart = stage.make({options}); chart.setBars({bars}); await stage.settled(); {then}
          await stage.settled(); return stage.colours('series'); }}"""
    )
    return found


@pytest.mark.parametrize("device", ["desktop", "phone"])
def test_candles_when_drawn_then_whole_pixels_of_two_colours(stage: Stage, device: str) -> None:
    page = stage("chart.html", device)
    found = draw(page, "stage.bars(400)", "{ volume: false }")
    assert set(found) == {UP, DOWN}  # any third colour would be a smeared edge
    assert min(found.values()) > 500


def test_candle_when_single_then_body_and_wick_share_their_middle(stage: Stage) -> None:
    page = stage("chart.html", "phone")
    one = "{ t: [60000], o: [10], h: [12], l: [8], c: [11], v: [5] }"
    draw(page, one, "{ volume: false }")
    rows: list[list[int]] = page.evaluate(
        """() => { const canvas = document.querySelector('.chart-layer-series');
          const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          const spans = []; for (let y = 0; y < canvas.height; y += 1) { let first = -1, last = -1;
            for (let x = 0; x < canvas.width;
              x += 1) if (data[(y * canvas.width + x) * 4 + 3] > 0) { if (first < 0) first = x; last = x; }
            if (first >= 0) spans.push([first, last]); } return spans; }"""
    )
    widths = {last - first + 1 for first, last in rows}
    middles = {first + last for first, last in rows}
    assert len(widths) == 2  # wick and body
    assert len(middles) == 1


@pytest.mark.parametrize(
    ("kind", "colours"), [("candles", {UP, DOWN}), ("heikin", {UP, DOWN}), ("line", {ACCENT}), ("area", {ACCENT})]
)
def test_kind_when_chosen_then_its_colours_are_there(stage: Stage, kind: str, colours: set[str]) -> None:
    page = stage("chart.html")
    found = draw(page, "stage.bars(300)", "{ volume: false }", f"chart.setKind('{kind}');")
    assert colours <= set(found)
    if kind in ("line", "area"):
        assert UP not in found
        assert DOWN not in found


@pytest.mark.parametrize(
    "bars",
    [
        "{ t: [1], o: [5], h: [5], l: [5], c: [5] }",
        "{ t: [1, 2, 3], o: [-5, -6, -7], h: [-4, -5, -6], l: [-7, -8, -9], c: [-6, -7, -5] }",
        "stage.bars(200, { start: 4e12, step: 1e9 })",
        """{ t: [1, 2, 3], o: [1e-9, 2e-9, 3e-9], h: [2e-9, 3e-9, 4e-9], l: [1e-9, 1e-9, 2e-9], c: [2e-9, 3e-9,
          2e-9] }""",
        "{ t: [0, 60000, 9e11], o: [1, 2, 3], h: [2, 3, 4], l: [0, 1, 2], c: [2, 1, 4] }",
        "{ t: [1, 2], o: [0, 0], h: [0, 0], l: [0, 0], c: [0, 0] }",
        "{ t: [1, 2], o: [1, 1], h: [1e300, 2], l: [-1e300, 1], c: [2, 2] }",
    ],
    ids=["one flat", "negative", "huge", "tiny", "gap of years", "zero", "absurd"],
)
@pytest.mark.parametrize("kind", ["candles", "heikin", "area"])
def test_bars_when_odd_then_drawn_and_words_are_plain(stage: Stage, bars: str, kind: str) -> None:
    page = stage("chart.html")
    assert draw(
        page,
        bars,
        f"{{ kind: '{kind}' }}",
        "chart.setIndicators([{ id: 'b', kind: 'bollinger' }, { id: 'r', kind: 'rsi' }]);",
    )
    said = " ".join(page.evaluate("stage.legend()"))
    assert "NaN" not in said
    assert "undefined" not in said
    page.evaluate(
        "async () => { stage.chart.zoom(3); stage.chart.pan(500); stage.chart.zoom(0.01); await stage.settled(); }"
    )


def test_chart_when_empty_then_says_so_and_takes_the_first_live_bar(stage: Stage) -> None:
    page = stage("chart.html")
    assert draw(page, "{ t: [], o: [], h: [], l: [], c: [] }") == {}
    assert page.locator(".chart-message").inner_text() == "No bars yet."
    page.evaluate("async () => { stage.chart.update({ t: 60000, o: 1, h: 2, l: 1, c: 2 }); await stage.settled(); }")
    assert page.evaluate("stage.colours('series')")
    assert page.locator(".chart-message").is_hidden()


def test_crosshair_when_it_moves_then_only_the_top_layer_is_drawn(stage: Stage) -> None:
    page = stage("chart.html")
    draw(page, "stage.bars(500)")
    page.mouse.move(300, 300)
    page.evaluate("async () => { await stage.settled(); window.drawn = stage.spy(); }")
    page.mouse.move(420, 310)
    until(page, "drawn.overlay > 0")
    assert page.evaluate("[drawn.base, drawn.series]") == [0, 0]


def test_live_bar_when_inside_the_scale_then_the_grid_is_left_alone(stage: Stage) -> None:
    page = stage("chart.html")
    draw(page, "stage.bars(500)")
    drawn = page.evaluate(
        """async () => { const drawn = stage.spy(); const b = stage.bars(500); const i = 499;
          stage.chart.update({ t: b.t[i], o: b.o[i], h: b.h[i], l: b.l[i], c: (b.h[i] + b.l[i]) / 2, v: b.v[i] });
          await stage.settled(); return drawn; }"""
    )
    assert drawn["base"] == 0
    assert drawn["series"] > 0
    assert drawn["overlay"] > 0


def test_far_view_when_100k_bars_then_work_follows_the_screen(stage: Stage) -> None:
    page = stage("chart.html")
    drawn = page.evaluate(
        """async () => { const chart = stage.make(); chart.setBars(stage.bars(100000)); chart.show(100000);
          await stage.settled();
          const drawn = stage.spy(); chart.pan(3); await stage.settled(); return { ...drawn, ...chart.view() }; }"""
    )
    assert drawn["to"] - drawn["from"] > 99_000
    assert 500 < drawn["series"] < 3 * 1440


def test_theme_when_dark_then_its_ground_and_when_changed_then_redrawn(stage: Stage) -> None:
    page = stage("chart.html", dark=True)
    draw(page, "stage.bars(300)")
    assert page.evaluate("stage.colours('base')")[NIGHT] > 100_000
    page.emulate_media(color_scheme="light")
    page.evaluate(
        """async () => { const { readTheme } = await import('/web/chart/index.js');
          stage.chart.setTheme(readTheme(document.body)); await stage.settled(); }"""
    )
    assert page.evaluate("stage.colours('base')")[WHITE] > 100_000


def test_size_when_changed_then_canvas_has_the_devices_pixels(stage: Stage) -> None:
    page = stage("chart.html", device_scale_factor=1.5)
    draw(page, "stage.bars(300)")
    page.evaluate("async () => { box.className = 'small'; await stage.settled(); }")
    size: list[Any] = page.evaluate(
        "(() => { const c = document.querySelector('.chart-layer-base'); return [c.width, c.height]; })()"
    )
    assert size == [900, 600]
    assert page.evaluate("stage.colours('series')")


def test_lower_panes_when_asked_then_there_with_their_legend(stage: Stage) -> None:
    page = stage("chart.html")
    draw(
        page,
        "stage.bars(300)",
        "{}",
        "chart.setIndicators([{ id: 'r', kind: 'rsi' }, { id: 'e', kind: 'ema', params: { period: 9 } }]);",
    )
    price, volume, rsi = page.evaluate("stage.legend()")
    assert price.startswith("O")
    assert "EMA 9" in price
    assert volume.startswith("V")
    assert rsi.startswith("RSI 14")
    page.evaluate("""async () => { stage.chart.setVolume(false); stage.chart.setIndicators([]);
      await stage.settled(); }""")
    assert len(page.evaluate("stage.legend()")) == 1


def test_destroy_when_called_then_nothing_is_left(stage: Stage) -> None:
    page = stage("chart.html")
    draw(page, "stage.bars(300)")
    page.evaluate(
        """async () => { stage.chart.update({ t: 9e15, o: 1, h: 1, l: 1, c: 1 }); stage.chart.destroy();
          await stage.settled(); }"""
    )
    assert page.locator("#box").inner_html() == ""


def test_axis_when_a_pane_has_nothing_to_show_then_no_figures(ask: Callable[..., Any]) -> None:
    body = """const { ChartModel } = await import('/web/chart/model/chart-model.js');
      const model = new ChartModel({ kind: 'candles', tick: 0.05, interval: 60000, volume: true });
      model.setIndicators([{ id: 'm', kind: 'macd' }]); model.setBars(stage.bars(a), {}); model.resize(600, 500);
        model.fit();
      return m.layGrid(model).prices.map((marks) => marks.length > 0);"""
    assert ask("view/grid", body, 5) == [True, True, False]
    assert ask("view/grid", body, 50) == [True, True, True]
