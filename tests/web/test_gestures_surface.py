"""The gesture manager on a bare surface: which gesture runs, what it says, and that only one runs at a time."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.web.touch import Fingers, until

Stage = Callable[..., Page]


def deltas(page: Page, kind: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate("stage.deltas")
    return [delta for delta in found if kind in ("", delta["type"])]


def kinds(page: Page) -> set[str]:
    return {delta["type"] for delta in deltas(page)}


@pytest.fixture
def phone(stage: Stage) -> Page:
    page = stage("gestures.html", "phone")
    page.evaluate("void stage.surface()")
    return page


@pytest.fixture
def desk(stage: Stage) -> Page:
    page = stage("gestures.html")
    page.evaluate("void stage.surface()")
    return page


def test_pan_when_one_finger_moves_then_deltas_add_up_and_nothing_else_runs(phone: Page) -> None:
    Fingers(phone).drag((200, 300), (120, 360))
    pans = deltas(phone, "pan")
    assert kinds(phone) == {"pan"}
    assert [pans[0]["phase"], pans[-1]["phase"]] == ["start", "end"]
    moved = sum(delta["dx"] for delta in pans), sum(delta["dy"] for delta in pans)
    assert moved[0] == pytest.approx(-80, abs=16)  # the slop at the start is swallowed
    assert moved[1] == pytest.approx(60, abs=16)


def test_pan_when_flicked_then_speed_and_when_rested_then_none(phone: Page) -> None:
    fingers = Fingers(phone)
    fingers.drag((300, 300), (100, 300), steps=6)
    assert deltas(phone, "pan")[-1]["vx"] < -0.2
    phone.evaluate("stage.deltas.length = 0")
    fingers.drag((300, 300), (100, 300), steps=6, lift=False)
    phone.wait_for_timeout(120)
    fingers.lift()
    assert deltas(phone, "pan")[-1]["vx"] == 0


def test_pinch_when_fingers_spread_sideways_then_only_x_scales(phone: Page) -> None:
    Fingers(phone).pinch([(150, 400), (250, 400)], [(100, 400), (300, 400)])
    pinches = deltas(phone, "pinch")
    scale_x = scale_y = 1.0
    for delta in pinches:
        scale_x *= delta["sx"]
        scale_y *= delta["sy"]
    assert kinds(phone) == {"pinch"}
    assert scale_x == pytest.approx(2, rel=0.15)
    assert scale_y == 1
    assert pinches[0]["x"] == pytest.approx(200, abs=5)


def test_pinch_when_one_finger_lifts_then_the_other_pans_on_without_a_jump(phone: Page) -> None:
    fingers = Fingers(phone)
    fingers.down({0: (150, 400), 1: (250, 400)})
    for k in range(1, 8):
        fingers.move({0: (150 - 5 * k, 400), 1: (250 + 5 * k, 400)})
        fingers.frame()
    fingers.lift({0: (115, 400)})
    for k in range(1, 6):
        fingers.move({1: (285 - 6 * k, 400)})
        fingers.frame()
    fingers.lift()
    pans = deltas(phone, "pan")
    assert deltas(phone, "pinch")[-1]["phase"] == "end"
    assert pans[0]["phase"] == "start"
    assert abs(pans[0]["dx"]) <= 6
    assert sum(delta["dx"] for delta in pans) == pytest.approx(-30, abs=8)


def test_pan_when_second_finger_joins_then_pan_ends_before_pinch_begins(phone: Page) -> None:
    fingers = Fingers(phone)
    fingers.drag((200, 400), (150, 400), lift=False)
    fingers.down({0: (150, 400), 1: (260, 400)})
    for k in range(1, 6):
        fingers.move({0: (150 - 6 * k, 400), 1: (260 + 6 * k, 400)})
        fingers.frame()
    fingers.lift()
    order = [(delta["type"], delta["phase"]) for delta in deltas(phone)]
    assert order.index(("pan", "end")) < order.index(("pinch", "start")) + 1
    assert order[-1] == ("pinch", "end")
    assert order.count(("pan", "start")) == order.count(("pan", "end"))


def test_long_press_when_held_then_drag_is_relative_and_no_tap(phone: Page) -> None:
    fingers = Fingers(phone)
    fingers.press((200, 300), 450)
    fingers.move({0: (230, 310)})
    fingers.frame()
    fingers.move({0: (240, 320)})
    fingers.frame()
    fingers.lift()
    pressed = deltas(phone, "longpress")
    assert kinds(phone) == {"longpress"}
    assert [pressed[0]["phase"], pressed[-1]["phase"]] == ["start", "end"]
    assert sum(delta["dx"] for delta in pressed) == pytest.approx(40, abs=1)
    assert sum(delta["dy"] for delta in pressed) == pytest.approx(20, abs=1)


def test_long_press_when_finger_wanders_first_then_it_is_a_pan(phone: Page) -> None:
    fingers = Fingers(phone)
    fingers.drag((200, 300), (160, 300), lift=False)
    phone.wait_for_timeout(450)
    fingers.lift()
    assert kinds(phone) == {"pan"}


def test_tap_when_short_and_still_then_tap_and_twice_gives_double(phone: Page) -> None:
    phone.touchscreen.tap(200, 300)
    assert [delta["type"] for delta in deltas(phone)] == ["tap"]
    phone.touchscreen.tap(204, 302)
    assert [delta["type"] for delta in deltas(phone)].count("doubletap") == 1
    assert [delta["type"] for delta in deltas(phone)].count("tap") == 2


def test_double_tap_when_far_apart_then_two_taps_only(phone: Page) -> None:
    phone.touchscreen.tap(100, 300)
    phone.touchscreen.tap(300, 500)
    assert [delta["type"] for delta in deltas(phone)] == ["tap", "tap"]


def test_axis_drag_when_on_axis_then_scales_up_upwards_and_does_not_pan(phone: Page) -> None:
    Fingers(phone).drag((390, 500), (390, 340))
    steps = deltas(phone, "axisdrag")
    scale = 1.0
    for delta in steps:
        scale *= delta["sy"]
    assert kinds(phone) == {"axisdrag"}
    assert {delta["zone"] for delta in steps} == {"price"}
    assert scale == pytest.approx(2, rel=0.2)


def test_page_when_pinched_then_it_does_not_zoom_or_scroll(phone: Page) -> None:
    Fingers(phone).pinch([(150, 300), (250, 500)], [(60, 200), (340, 650)])
    assert phone.evaluate("visualViewport.scale") == 1
    assert phone.evaluate("scrollY") == 0


def test_wheel_when_turned_then_scale_and_when_shifted_then_move(desk: Page) -> None:
    desk.mouse.move(300, 300)
    desk.mouse.wheel(0, -120)
    until(desk, "stage.deltas.some(d => d.type === 'wheel')")
    turned = deltas(desk, "wheel")[0]
    assert turned["scale"] > 1
    assert (turned["x"], turned["y"]) == (300, 300)
    desk.keyboard.down("Shift")
    desk.mouse.wheel(0, 100)
    until(desk, "stage.deltas.filter(d => d.type === 'wheel').length === 2")
    desk.keyboard.up("Shift")
    shifted = deltas(desk, "wheel")[1]
    assert shifted["scale"] == 1
    assert shifted["dx"] != 0


def test_trackpad_pinch_when_ctrl_wheel_then_scales_more_a_step(desk: Page) -> None:
    session = desk.context.new_cdp_session(desk)
    desk.mouse.move(300, 300)
    session.send(
        "Input.dispatchMouseEvent",
        {"type": "mouseWheel", "x": 300, "y": 300, "deltaX": 0, "deltaY": -20, "modifiers": 2},
    )
    until(desk, "stage.deltas.some(d => d.type === 'wheel')")
    assert deltas(desk, "wheel")[0]["scale"] == pytest.approx(2 ** (20 / 70), rel=0.05)
    assert desk.evaluate("devicePixelRatio") == 1


def test_hover_when_mouse_enters_and_leaves_then_said(desk: Page) -> None:
    desk.mouse.move(300, 300)
    desk.mouse.move(320, 310)
    last = deltas(desk, "hover")[-1]
    assert (last["x"], last["y"], last["inside"]) == (320, 310, True)


def test_mouse_when_right_button_then_no_gesture(desk: Page) -> None:
    desk.mouse.move(300, 300)
    desk.mouse.down(button="right")
    desk.mouse.move(350, 300)
    desk.mouse.up(button="right")
    assert kinds(desk) <= {"hover"}


def test_destroy_when_called_then_silent(stage: Stage) -> None:
    page = stage("gestures.html")
    page.evaluate("stage.surface().destroy()")
    page.mouse.move(300, 300)
    page.mouse.down()
    page.mouse.move(380, 300)
    page.mouse.up()
    assert deltas(page) == []
