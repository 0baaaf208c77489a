"""Small parts: only what changed is written, focus goes home, a slide let go early sends nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

Stage = Callable[..., Page]

ROOT = "const root = document.getElementById('root');"


def run(page: Page, module: str, body: str) -> Any:
    return page.evaluate(f"async () => {{ const m = await import('/web/widgets/{module}'); {ROOT} {body} }}")


TABLE = """
  const table = m.createTable({ label: 'T', key: (r) => r.id, onOpen: (r) => { window.opened = r.id; }, columns: [
    { id: 'a', label: 'A', cell: (r) => r.a },
    { id: 'b', label: 'B', num: true, cell: (r) => ({ text: r.b, cls: r.tone }) }] });
  root.append(table.el);
  table.update([{ id: '1', a: 'x', b: '1' }, { id: '2', a: 'y', b: '2' }]);
  const texts = () => [...root.querySelectorAll('.table-body .table-row')].map((row) => row.textContent);
"""


def test_table_when_one_cell_changes_then_only_that_one_is_written(stage: Stage) -> None:
    body = """const seen = []; const watch = new MutationObserver((list) => seen.push(...list));
      watch.observe(root, { subtree: true, childList: true, characterData: true, attributes: true });
      table.update([{ id: '1', a: 'x', b: '1' }, { id: '2', a: 'y', b: '3' }]);
      return [seen.concat(watch.takeRecords()).map((r) => [r.type, r.target.textContent]), texts()]"""
    records, texts = run(stage("blank.html"), "table.js", TABLE + body)
    assert records == [["characterData", "3"]]
    assert texts == ["x1", "y3"]


def test_table_when_order_changes_then_rows_move_and_are_not_made_again(stage: Stage) -> None:
    body = """const [first] = root.querySelectorAll('.table-body .table-row');
      table.update([{ id: '2', a: 'y', b: '2' }, { id: '1', a: 'x', b: '1' }, { id: '3', a: 'z', b: '9' }]);
      const rows = [...root.querySelectorAll('.table-body .table-row')];
      table.update([{ id: '3', a: 'z', b: '9' }]);
      return [rows[1] === first, first.isConnected, texts()]"""
    assert run(stage("blank.html"), "table.js", TABLE + body) == [True, False, ["z9"]]


def test_table_when_walked_by_keys_then_enter_opens_the_row(stage: Stage) -> None:
    page = stage("blank.html")
    run(page, "table.js", TABLE + "root.querySelector('.table-body .table-row').focus();")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.evaluate("window.opened") == "2"


def test_sheet_when_closed_by_escape_then_focus_goes_back(stage: Stage) -> None:
    page = stage("blank.html")
    run(
        page,
        "sheet.js",
        """const button = document.createElement('button'); button.id = 'from'; root.append(button); button.focus();
        const inside = document.createElement('input'); m.openSheet({ title: 'S', closeLabel: 'x', body: inside });
        inside.focus();""",
    )
    assert page.evaluate("document.querySelectorAll('dialog[open]').length") == 1
    page.keyboard.press("Escape")
    assert page.evaluate("[document.querySelectorAll('dialog').length, document.activeElement.id]") == [0, "from"]


def test_message_when_a_sheet_opens_or_closes_then_stays_in_sight(stage: Stage) -> None:
    body = """const { openSheet } = await import('/web/widgets/sheet.js');
      const where = () => document.querySelector('.toast')?.closest('dialog, body').nodeName;
      const sheet = openSheet({ title: 'S', closeLabel: 'x', body: document.createElement('div') });
      m.toast({ text: 'Bought', id: '1' }); const during = where();
      sheet.close(); const after = where();
      m.toast({ text: 'Filled', id: '1' });
      return [during, after, [...document.querySelectorAll('.toast')].map((t) => t.textContent)]"""
    assert run(stage("blank.html"), "toast.js", body) == ["DIALOG", "BODY", ["Filled"]]


SLIDE = """
  window.sent = 0;
  const link = document.createElement('link');
  link.rel = 'stylesheet'; link.href = '/web/styles/parts.css'; document.head.append(link);
  await new Promise((done) => link.addEventListener('load', done));
  const slider = m.slide({ label: 'Slide to send', confirm: 'Again', onSend: () => { window.sent += 1; } });
  slider.el.id = 'slide'; root.append(slider.el); slider.el.style.width = '300px';
"""


@pytest.mark.parametrize(("share", "sent"), [(0.4, 0), (0.85, 0), (1.1, 1)])
def test_slide_when_drawn_across_then_sends_and_not_before(stage: Stage, share: float, sent: int) -> None:
    page = stage("blank.html")
    run(page, "slide.js", SLIDE)
    box = page.locator("#slide").bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 10, y)
    page.mouse.down()
    page.mouse.move(box["x"] + 10 + (box["width"] - 68) * share, y, steps=8)
    page.mouse.up()
    assert page.evaluate("window.sent") == sent


def test_slide_when_used_by_key_then_enter_twice(stage: Stage) -> None:
    page = stage("blank.html")
    run(page, "slide.js", SLIDE + "slider.el.focus();")
    page.keyboard.press("Enter")
    assert page.evaluate("[window.sent, document.querySelector('#slide').textContent]") == [0, "Again"]
    page.keyboard.press("Enter")
    assert page.evaluate("window.sent") == 1


def test_chips_when_moved_by_arrows_then_hidden_ones_are_passed_over(stage: Stage) -> None:
    page = stage("blank.html")
    run(
        page,
        "parts.js",
        """window.chosen = []; const options = ['A', 'B', 'C'].map((v) => ({ value: v, label: v }));
        const group = m.chips({ label: 'X', options, value: 'A', onChange: (v) => window.chosen.push(v) });
        group.allow((v) => v !== 'B'); root.append(group.el); root.querySelector('button').focus();""",
    )
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("window.chosen") == ["C", "A"]
    assert page.evaluate("[...document.querySelectorAll('[aria-checked=true]')].map((b) => b.textContent)") == ["A"]


def test_stepper_when_typed_with_grouping_then_a_plain_number_comes_out(stage: Stage) -> None:
    page = stage("blank.html")
    run(
        page,
        "stepper.js",
        """window.values = []; const step = (v, d) => String(Number(v) + d);
        const field = m.stepper({ label: 'Q', less: '-', more: '+', value: '1', mode: 'numeric', step,
          onChange: (v) => window.values.push(v) });
        root.append(field.el); field.input.focus();""",
    )
    page.keyboard.type("1,20,000")
    page.keyboard.press("ArrowUp")
    page.get_by_role("button", name="-").click()
    assert page.evaluate("window.values.slice(-3)") == ["120000", "120001", "120000"]
