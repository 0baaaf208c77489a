"""Swiping a row and holding a button: they arm and act only when the hand means it."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

from tests.web.touch import Fingers, until

Stage = Callable[..., Page]


def calls(page: Page) -> list[Any]:
    found: list[Any] = page.evaluate("stage.calls")
    return found


def ends(page: Page) -> list[Any]:
    return [call for call in calls(page) if not str(call).startswith("move")]


def test_swipe_when_full_then_arms_that_side_once(stage: Stage) -> None:
    page = stage("gestures.html", "phone")
    page.evaluate("void stage.row()")
    Fingers(page).drag((250, 45), (60, 48))
    assert ends(page) == ["arm left"]
    page.evaluate("stage.calls.length = 0")
    Fingers(page).drag((60, 45), (250, 45))
    assert ends(page) == ["arm right"]


def test_swipe_when_short_then_cancels_and_row_is_not_clicked(stage: Stage) -> None:
    page = stage("gestures.html", "phone")
    page.evaluate("void stage.row()")
    Fingers(page).drag((200, 45), (150, 45))
    assert ends(page) == ["cancel"]


def test_swipe_when_only_tapped_then_the_row_gets_its_click(stage: Stage) -> None:
    page = stage("gestures.html", "phone")
    page.evaluate("void stage.row()")
    page.touchscreen.tap(150, 45)
    assert calls(page) == ["click"]


def test_swipe_when_finger_goes_up_or_down_then_nothing(stage: Stage) -> None:
    page = stage("gestures.html", "phone")
    page.evaluate("void stage.row()")
    Fingers(page).drag((150, 30), (160, 160))
    assert calls(page) == []


def test_swipe_when_side_is_missing_then_it_never_arms(stage: Stage) -> None:
    page = stage("gestures.html", "phone")
    page.evaluate("void stage.row({ sides: ['left'] })")
    Fingers(page).drag((60, 45), (280, 45))
    assert "arm right" not in calls(page)


def test_swipe_when_mouse_drags_then_arms_and_the_click_is_swallowed(stage: Stage) -> None:
    page = stage("gestures.html")
    page.evaluate("void stage.row()")
    page.mouse.move(280, 45)
    page.mouse.down()
    page.mouse.move(100, 45, steps=6)
    page.mouse.up()
    assert ends(page) == ["arm left"]


def test_hold_when_long_enough_then_done_once(stage: Stage) -> None:
    page = stage("gestures.html", "phone")
    page.evaluate("void stage.button()")
    fingers = Fingers(page)
    fingers.press((100, 45), 650)
    assert calls(page).count("done") == 1
    fingers.lift()
    assert calls(page).count("done") == 1
    assert "cancel" not in calls(page)


def test_hold_when_let_go_early_then_cancelled_and_progress_back_to_zero(stage: Stage) -> None:
    page = stage("gestures.html", "phone")
    page.evaluate("void stage.button()")
    fingers = Fingers(page)
    fingers.press((100, 45), 150)
    fingers.lift()
    page.wait_for_timeout(500)
    assert "done" not in calls(page)
    assert calls(page)[-2:] == [0, "cancel"]


def test_hold_when_key_is_held_then_done_and_when_tapped_then_cancelled(stage: Stage) -> None:
    page = stage("gestures.html")
    page.evaluate("void stage.button()")
    page.focus("button")
    page.keyboard.press("Enter")
    page.wait_for_timeout(100)
    assert ends(page)[-1] == "cancel"
    page.keyboard.down(" ")
    until(page, "stage.calls.includes('done')")
    page.keyboard.up(" ")
    assert calls(page).count("done") == 1


def test_hold_when_pointer_leaves_the_button_then_cancelled(stage: Stage) -> None:
    page = stage("gestures.html")
    page.evaluate("void stage.button()")
    page.mouse.move(100, 45)
    page.mouse.down()
    page.mouse.move(100, 300)
    page.wait_for_timeout(500)
    page.mouse.up()
    assert "done" not in calls(page)
