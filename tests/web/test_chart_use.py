"""The chart under hand: mouse, touch and keys do the same things, older bars come when wanted."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.web.touch import Fingers, until

Stage = Callable[..., Page]


def open_chart(stage: Stage, device: str = "desktop", bars: int = 2000, options: str = "{}") -> Page:
    page = stage("chart.html", device)
    page.evaluate(
        "async ([n, options]) => { stage.make(options).setBars(stage.bars(n)); await stage.settled(); }",
        [bars, page.evaluate(f"({options})")],
    )
    return page


def view(page: Page) -> dict[str, Any]:
    page.evaluate("stage.settled()")
    found: dict[str, Any] = page.evaluate("stage.chart.view()")
    return found


def drawn(page: Page) -> None:
    """Return when what has happened is on the screen: the second frame from now is painted after it."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))")


def legend(page: Page) -> str:
    page.evaluate("stage.settled()")
    text: str = page.evaluate("stage.legend()[0]")
    return text


def mouse_drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=8)
    page.wait_for_timeout(80)  # rest, so that it does not glide
    page.mouse.up()


def test_drag_when_to_the_right_then_older_bars_and_a_button_back(stage: Stage) -> None:
    page = open_chart(stage)
    before = view(page)
    assert before["live"]
    mouse_drag(page, (300, 300), (700, 300))
    after = view(page)
    assert before["from"] - after["from"] == pytest.approx(50, abs=2)  # 8 px a bar
    assert not after["live"]
    page.get_by_role("button", name="Go to now").click()
    assert view(page) == before
    assert page.locator(".chart-live").is_hidden()


def test_flick_when_let_go_in_motion_then_it_glides_on_and_comes_to_rest(stage: Stage) -> None:
    page = open_chart(stage, "phone")
    Fingers(page).drag((100, 400), (330, 400), steps=6)
    at_release = view(page)["from"]
    until(page, f"stage.chart.view().from < {at_release} - 5")
    page.wait_for_timeout(2600)
    resting = view(page)
    page.wait_for_timeout(200)
    assert view(page) == resting


def test_wheel_when_turned_then_bar_under_the_pointer_stays(stage: Stage) -> None:
    page = open_chart(stage)
    page.mouse.move(500, 300)
    drawn(page)
    before, words = view(page), legend(page)
    page.mouse.wheel(0, -240)
    until(page, f"stage.chart.view().from > {before['from']} && stage.chart.view().to < {before['to']}")
    drawn(page)
    assert legend(page) == words


def test_pinch_when_spread_then_fewer_bars_about_the_fingers(stage: Stage) -> None:
    page = open_chart(stage, "phone")
    page.evaluate("async () => { stage.chart.pan(2000); await stage.settled(); }")
    before = view(page)
    Fingers(page).pinch([(140, 400), (220, 400)], [(80, 400), (280, 400)])
    after = view(page)
    assert (after["to"] - after["from"]) == pytest.approx((before["to"] - before["from"]) / 2.5, rel=0.25)
    assert before["from"] < after["from"] < after["to"] < before["to"]


def test_price_axis_when_dragged_then_manual_and_double_tap_gives_it_back(stage: Stage) -> None:
    page = open_chart(stage, "phone")
    x = 395
    automatic = page.evaluate("stage.colours('series')")
    Fingers(page).drag((x, 500), (x, 380))
    page.evaluate("stage.settled()")
    assert page.evaluate("stage.colours('series')") != automatic
    page.touchscreen.tap(x, 300)
    page.touchscreen.tap(x, 300)
    page.evaluate("stage.settled()")
    assert page.evaluate("stage.colours('series')") == automatic


def test_older_bars_when_left_edge_nears_then_asked_once_and_view_stays(stage: Stage) -> None:
    page = open_chart(stage, bars=600)
    page.evaluate("void stage.chart.onNeedOlder((oldest) => stage.said.older.push(oldest))")
    assert page.evaluate("stage.said.older") == []
    page.evaluate(
        "async () => { stage.chart.pan(3200); await stage.settled(); stage.chart.pan(10); await stage.settled(); }"
    )
    first = page.evaluate("stage.bars(600).t[0]")
    assert page.evaluate("stage.said.older") == [first]
    page.mouse.move(700, 300)
    words, before = legend(page), view(page)
    page.evaluate(
        """async () => { const all = stage.bars(2000);
          const cut = Object.fromEntries(Object.entries(all).map(([k, c]) => [k, c.slice(0, 1400)]));
          stage.added = stage.chart.prepend(cut); await stage.settled(); }"""
    )
    assert page.evaluate("stage.added") == 1400
    assert legend(page) == words
    assert view(page)["from"] == before["from"] + 1400
    page.evaluate(
        """async () => { stage.chart.pan(1e6); await stage.settled();
          stage.chart.prepend({ t: [], o: [], h: [], l: [], c: [] }); await stage.settled(); }"""
    )
    assert len(page.evaluate("stage.said.older")) == 2


def test_live_bar_when_looking_back_then_the_view_does_not_move(stage: Stage) -> None:
    page = open_chart(stage)
    page.evaluate("async () => { stage.chart.pan(4000); await stage.settled(); }")
    before = view(page)
    page.evaluate(
        """async () => { const b = stage.bars(2000); const t = b.t[1999];
          for (let k = 1; k < 6; k += 1) stage.chart.update({ t: t + k * 60000, o: 1, h: 2, l: 1, c: 2, v: 1 });
            await stage.settled(); }"""
    )
    assert view(page) == before
    page.evaluate("stage.chart.goLive()")
    assert view(page)["to"] == 2004


def test_crosshair_when_mouse_moves_then_legend_tells_that_bar(stage: Stage) -> None:
    page = open_chart(stage)
    last = legend(page)
    page.mouse.move(400, 300)
    until(page, "stage.said.cross !== null")
    at = page.evaluate("stage.said.cross")
    assert legend(page) != last
    assert f"{at['bar']['c']:,.2f}" in legend(page)
    page.mouse.move(1439, 300)  # the axis
    until(page, "stage.said.cross === null")
    assert legend(page) == last


def test_long_press_when_held_then_crosshair_follows_relatively_and_tap_ends_it(stage: Stage) -> None:
    page = open_chart(stage, "phone")
    fingers = Fingers(page)
    before = view(page)
    fingers.press((200, 400), 450)
    until(page, "stage.said.cross !== null")
    first = page.evaluate("stage.said.cross.index")
    fingers.move({0: (240, 400)})
    fingers.frame()
    fingers.lift()
    page.evaluate("stage.settled()")
    assert page.evaluate("stage.said.cross.index") - first == 5  # 40 px at 8 px a bar
    fingers.drag((100, 600), (60, 600))  # elsewhere: still relative, and the chart lies still
    page.evaluate("stage.settled()")
    assert page.evaluate("stage.said.cross.index") < first + 5
    assert view(page) == before
    page.touchscreen.tap(150, 300)
    until(page, "stage.said.cross === null")


def test_keys_when_pressed_then_crosshair_zoom_scroll_and_live(stage: Stage) -> None:
    page = open_chart(stage)
    surface = page.get_by_role("application", name="Test chart")
    surface.focus()
    start = view(page)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.evaluate("stage.settled()")
    assert page.evaluate("stage.said.cross.index") == 1997
    said = page.evaluate("stage.spoken()")
    assert said.startswith("20 Nov")
    assert f"C {page.evaluate('stage.bars(2000).c[1997]'):,.2f}" in said
    page.keyboard.press("+")
    assert view(page)["to"] - view(page)["from"] < start["to"] - start["from"]
    page.keyboard.press("-")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Shift+ArrowLeft")
    assert view(page)["from"] < start["from"]
    page.keyboard.press("Home")
    assert view(page)["from"] == 0
    page.keyboard.press("End")
    assert view(page)["live"]
    page.keyboard.press("Escape")
    page.evaluate("stage.settled()")
    assert page.evaluate("stage.said.cross") is None


def test_keys_when_not_ours_then_left_to_the_page(stage: Stage) -> None:
    page = open_chart(stage)
    page.get_by_role("application").focus()
    page.evaluate("window.left = []; addEventListener('keydown', (e) => left.push([e.key, e.defaultPrevented]))")
    for key in ("k", "ArrowRight", "Control+a", "Tab"):
        page.keyboard.press(key)
    seen = dict(page.evaluate("left"))
    assert seen["k"] is False
    assert seen["ArrowRight"] is True
    assert seen["a"] is False
    assert seen["Tab"] is False
