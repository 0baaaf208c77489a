"""Order lines on the chart: a drag alone sends nothing;
release arms, a tap on it sends, a touch elsewhere gives up."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.web.touch import Fingers

Stage = Callable[..., Page]


@pytest.fixture
def desk(stage: Stage) -> Page:
    return lined(stage("chart.html"))


@pytest.fixture
def phone(stage: Stage) -> Page:
    return lined(stage("chart.html", "phone"))


def lined(page: Page) -> Page:
    """A chart of flat bars from 99 to 101 with a line at 100 that can be dragged and one that cannot."""
    page.evaluate(
        """async () => { const chart = stage.make({ volume: false });
          const t = Array.from({ length: 200 }, (_, i) => i * 60000);
          const all = (x) => t.map(() => x);
            chart.setBars({ t, o: all(99.5), h: all(101), l: all(99), c: all(100.5) });
          chart.setLines([{ id: 'order', price: 100, label: 'Sell 65', detail: 'Limit', tone: 'down',
            draggable: true },
            { id: 'position', price: 99.3, label: '65 long', tone: 'up' }]);
          await stage.settled(); }"""
    )
    return page


def y_of(page: Page, price: float) -> float:
    """Where a price lies: 10 % air above 101, 8 % below 99, over the height less the time axis."""
    height = page.evaluate("innerHeight") - 28
    high = 101 + 2 * 0.1 / 0.82
    low = 99 - 2 * 0.08 / 0.82
    return float((high - price) / (high - low) * height)


def drags(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate("stage.said.drags")
    return found


def phases(page: Page) -> list[str]:
    seen: list[str] = []
    for drag in drags(page):
        if not seen or seen[-1] != drag["phase"]:
            seen.append(drag["phase"])
    return seen


def pull(page: Page, start: float, end: float) -> None:
    page.mouse.move(300, y_of(page, start))
    page.mouse.down()
    page.mouse.move(300, y_of(page, end), steps=10)
    page.mouse.up()


def test_line_when_dragged_and_released_then_armed_and_nothing_sent(desk: Page) -> None:
    before = desk.evaluate("stage.chart.view()")
    pull(desk, 100, 100.6)
    assert phases(desk) == ["move", "arm"]
    last = drags(desk)[-1]
    assert (last["id"], last["from"]) == ("order", 100)
    assert last["price"] == pytest.approx(100.6, abs=0.051)
    assert round(last["price"] / 0.05) * 0.05 == pytest.approx(last["price"])
    assert desk.evaluate("stage.chart.view()") == before


def test_armed_line_when_tapped_then_sent_once(desk: Page) -> None:
    pull(desk, 100, 100.6)
    price = drags(desk)[-1]["price"]
    desk.mouse.click(500, y_of(desk, price))
    desk.mouse.click(500, y_of(desk, price))
    assert phases(desk) == ["move", "arm", "send"]
    assert [drag["price"] for drag in drags(desk) if drag["phase"] == "send"] == [price]


def test_armed_line_when_touched_elsewhere_then_cancelled(desk: Page) -> None:
    pull(desk, 100, 100.6)
    desk.mouse.click(500, y_of(desk, 99.5))
    assert phases(desk) == ["move", "arm", "cancel"]


def test_armed_line_when_its_order_goes_then_cancelled(desk: Page) -> None:
    pull(desk, 100, 100.6)
    desk.evaluate("stage.chart.setLines([])")
    assert phases(desk) == ["move", "arm", "cancel"]


def test_line_when_brought_back_to_its_price_then_nothing_is_armed(desk: Page) -> None:
    desk.mouse.move(300, y_of(desk, 100))
    desk.mouse.down()
    desk.mouse.move(300, y_of(desk, 100.5), steps=6)
    desk.mouse.move(300, y_of(desk, 100), steps=6)
    desk.mouse.up()
    assert phases(desk) == ["move", "cancel"]


def test_line_when_not_draggable_then_the_chart_scrolls(desk: Page) -> None:
    before = desk.evaluate("stage.chart.view().from")
    desk.mouse.move(300, y_of(desk, 99.3))
    desk.mouse.down()
    desk.mouse.move(700, y_of(desk, 99.3), steps=6)
    desk.mouse.up()
    desk.evaluate("stage.settled()")
    assert drags(desk) == []
    assert desk.evaluate("stage.chart.view().from") < before


def test_line_when_dragged_by_finger_then_a_tap_on_it_sends(phone: Page) -> None:
    fingers = Fingers(phone)
    fingers.drag((150, y_of(phone, 100) + 15), (150, y_of(phone, 100.5)))  # within the 44 px handle
    assert phases(phone) == ["move", "arm"]
    phone.touchscreen.tap(150, y_of(phone, drags(phone)[-1]["price"]))
    assert phases(phone) == ["move", "arm", "send"]


def test_line_when_moved_by_keys_then_enter_arms_and_enter_sends(desk: Page) -> None:
    desk.get_by_role("application").focus()
    for key in ("o", "ArrowUp", "ArrowUp", "Control+ArrowUp", "Enter"):
        desk.keyboard.press(key)
    assert phases(desk) == ["move", "arm"]
    assert drags(desk)[-1]["price"] == pytest.approx(100.6)
    assert "100.6" in desk.evaluate("stage.spoken()")
    desk.keyboard.press("Enter")
    assert phases(desk) == ["move", "arm", "send"]


def test_line_when_escape_is_pressed_then_cancelled(desk: Page) -> None:
    desk.get_by_role("application").focus()
    for key in ("o", "ArrowDown", "Escape", "Enter"):
        desk.keyboard.press(key)
    assert phases(desk) == ["move", "cancel"]
