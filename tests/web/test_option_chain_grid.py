"""The canvas grid: only what changed and is seen is drawn, in short frames; taps, holds, swipes, keys and speech."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.web.modules import caller
from tests.web.touch import Fingers

Stage = Callable[..., Page]

MAKE = """
const s = await import('/stage/options.js');
const values = Array.from({ length: a.rows }, (_, r) => Array.from({ length: 5 }, (_, c) => `${r}.${c}`));
const did = []; const root = document.getElementById('root');
root.style.setProperty('block-size', '400px'); root.style.setProperty('inline-size', '350px');
root.style.setProperty('display', 'flex');
const grid = m.createGrid({ label: 'numbers', keys: 'arrows',
  cell(row, column, cell) { cell.text = values[row][column]; },
  onTap: (row, column) => did.push(['tap', row, column]), onHold: (row, column) => did.push(['hold', row, column]),
  onStep: (by) => did.push(['step', by]), onKey(event, row, column) { did.push(['key', event.key, row, column]);
    return event.key === 'b'; },
  start: () => [3, 2], onSize() { grid.setRows(a.rows, 40);
    grid.setColumns([0, 1, 2, 3, 4].map((i) => ({ id: `${i}`, label: `C${i}`, width: 70, align: 'end',
      head: i === 2 }))); } });
root.replaceChildren(grid.el);
await s.frames(3);
window.grid = grid; window.did = did; window.values = values; window.frames = s.frames;
window.texts = s.listenToCanvas();
"""


def make(stage: Stage, rows: int = 100, device: str = "desktop") -> Page:
    page = stage("options.html", device)
    caller(page)("widgets/grid.js", MAKE, {"rows": rows})
    return page


def drawn(page: Page, change: str) -> list[str]:
    """Texts drawn because of a change."""
    texts: list[str] = page.evaluate(
        f"async () => {{ window.texts.length = 0; {change}; await window.frames(3); return window.texts; }}"
    )
    return texts


def test_grid_when_one_cell_changes_then_only_it_is_drawn(stage: Stage) -> None:
    page = make(stage)
    assert drawn(page, "values[2][1] = 'new'; grid.dirty(2, 1); grid.dirty(2, 2); grid.dirty(5, 0)") == ["new"]


def test_grid_when_all_are_marked_but_none_changed_then_nothing_is_drawn(stage: Stage) -> None:
    page = make(stage)
    assert drawn(page, "for (let r = 0; r < 100; r += 1) grid.dirtyRow(r)") == []


def test_grid_when_a_hidden_row_changes_then_it_is_drawn_once_it_is_seen(stage: Stage) -> None:
    page = make(stage)
    assert drawn(page, "values[80][1] = 'far'; grid.dirty(80, 1)") == []
    seen = drawn(page, "grid.scrollTo(80, 'centre')")
    assert "far" in seen
    assert "0.0" not in seen
    assert len(seen) <= 5 * 12


def test_grid_when_thousands_of_rows_then_as_many_are_drawn_as_are_seen(stage: Stage) -> None:
    page = make(stage, 5000)
    assert len(drawn(page, "grid.all()")) <= 5 * 12
    assert page.evaluate("grid.el.scrollHeight") == 5000 * 40


def test_grid_when_a_burst_is_long_then_it_is_spread_over_frames_and_ends(stage: Stage) -> None:
    page = make(stage)
    counts = page.evaluate(
        """async () => { const old = performance.now.bind(performance); let extra = 0;
        performance.now = () => old() + (extra += 0.5);
        for (let r = 0; r < 10; r += 1) for (let c = 0; c < 5; c += 1) { values[r][c] = `x${r}${c}`; grid.dirty(r, c); }
        const counts = []; for (let i = 0; i < 12 && !grid.settled(); i += 1) {
          window.texts.length = 0; await window.frames(1); counts.push(window.texts.length); }
        performance.now = old; return [counts, grid.settled()]; }"""
    )
    assert counts[1] is True
    assert sum(counts[0]) == 50
    assert max(counts[0]) < 50


def place(row: int, column: int) -> tuple[float, float]:
    return (column * 70 + 35, row * 40 + 20)


def did(page: Page) -> Any:
    return page.evaluate("did.splice(0)")


def test_grid_when_tapped_then_the_cell_is_told(stage: Stage) -> None:
    page = make(stage, device="phone")
    page.touchscreen.tap(*place(4, 1))
    assert did(page) == [["tap", 4, 1]]


def test_grid_when_a_finger_slides_away_then_nothing_is_told(stage: Stage) -> None:
    page = make(stage, device="phone")
    Fingers(page).drag(place(5, 1), (place(5, 1)[0] + 20, place(5, 1)[1] + 4))
    assert did(page) == []


def test_grid_when_held_then_once_and_no_tap_follows(stage: Stage) -> None:
    page = make(stage, device="phone")
    fingers = Fingers(page)
    fingers.press(place(4, 3), 450)
    assert did(page) == [["hold", 4, 3]]
    fingers.lift()
    page.wait_for_timeout(50)
    assert did(page) == []


@pytest.mark.parametrize(("dx", "steps"), [(-100, [1, 1]), (100, [-1, -1]), (-30, [])])
def test_grid_when_swiped_sideways_then_columns_step(stage: Stage, dx: int, steps: list[int]) -> None:
    page = make(stage, device="phone")
    x, y = place(4, 2)
    Fingers(page).drag((x, y), (x + dx, y), steps=10)
    assert [by for what, by in did(page) if what == "step"] == steps


def test_grid_when_walked_by_keys_then_the_focused_row_is_spoken(stage: Stage) -> None:
    page = make(stage)
    page.keyboard.press("Tab")
    for key in ("ArrowDown", "ArrowRight", "b", "q"):
        page.keyboard.press(key)
    assert did(page) == [["key", "b", 4, 3], ["key", "q", 4, 3]]
    grid = page.get_by_role("grid", name="numbers")
    active = grid.get_attribute("aria-activedescendant")
    assert page.locator(f"#{active}").text_content() == "C3 4.3"
    assert page.get_by_role("rowheader").text_content() == "4.2"
    assert grid.get_attribute("aria-rowcount") == "101"
    page.keyboard.press("Control+End")
    assert page.locator(f"#{grid.get_attribute('aria-activedescendant')}").text_content() == "C4 99.4"
    assert page.evaluate("grid.seen()[1]") == 99


def test_grid_when_the_right_button_is_pressed_then_it_holds(stage: Stage) -> None:
    page = make(stage)
    page.mouse.click(*place(2, 1), button="right")
    assert did(page) == [["hold", 2, 1]]


def test_grid_when_taken_off_then_its_pixels_are_given_back(stage: Stage) -> None:
    page = make(stage)
    assert page.evaluate(
        """() => { const canvas = grid.el.querySelector('canvas'); grid.destroy();
        return [canvas.width, canvas.height]; }"""
    ) == [1, 1]
