"""An order leaves the browser once. Without an answer it is looked up by its request id, never sent again."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.web.modules import Call, caller

SEND = """
const { ApiProblem } = await import('/web/transport/http.js');
const calls = [];
const api = (place, orders) => ({
  place: async (request) => { calls.push('place'); return place(request); },
  orders: async () => { calls.push('orders'); return orders(); },
});
const offline = () => { throw new ApiProblem({ code: 'app.offline', detail: '' }, true); };
const request = { account: 'p', request_id: 'r1' };
const run = (place, orders) => m.createSender(api(place, orders), { now: () => 0, onOrder() {} })(request);
"""


@pytest.fixture
def call(stage: Callable[..., Page]) -> Iterator[Call]:
    page = stage("blank.html")
    # the wait between two look-ups is real time for the user, none for the test
    page.evaluate("() => { window.setTimeout = (run) => { queueMicrotask(run); return 0; }; }")
    yield caller(page)


def send(call: Call, body: str) -> Any:
    return call("app/send.js", SEND + body)


def test_send_when_answered_then_placed_once(call: Call) -> None:
    body = "const out = await run(() => ({ order: { id: '1' } }), offline); return [out, calls]"
    assert send(call, body) == [{"kind": "sent", "order": {"id": "1"}}, ["place"]]


def test_send_when_refused_then_said_and_not_tried_again(call: Call) -> None:
    body = """const refuse = () => { throw new ApiProblem({ code: 'order.lot', detail: 'no', status: 400 }); };
      const out = await run(refuse, offline); return [out.kind, out.problem.code, calls]"""
    assert send(call, body) == ["refused", "order.lot", ["place"]]


def test_send_when_the_answer_is_lost_then_looked_up_by_its_request_id(call: Call) -> None:
    body = """const items = [{ id: '7', request_id: 'other' }, { id: '8', request_id: 'r1' }];
      const out = await run(offline, () => ({ items })); return [out.kind, out.order.id, calls]"""
    assert send(call, body) == ["sent", "8", ["place", "orders"]]


def test_send_when_nothing_is_found_then_unknown_and_still_placed_once(call: Call) -> None:
    body = "const out = await run(offline, () => ({ items: [] })); return [out, calls]"
    assert send(call, body) == [{"kind": "unknown"}, ["place", "orders", "orders", "orders"]]


@pytest.mark.parametrize(
    ("status", "body_text", "unknown"), [(502, "<html>", True), (503, "", True), (422, "{}", False)]
)
def test_answer_when_not_in_the_one_shape_then_a_server_error_proves_nothing(
    call: Call, status: int, body_text: str, unknown: bool
) -> None:
    body = """window.fetch = async () => new Response(a[1], { status: a[0] });
      try { await m.createHttp().send('POST', '/x', {}); } catch (error) { return [error.name, error.unknown]; }"""
    assert call("transport/http.js", body, [status, body_text]) == ["ApiProblem", unknown]


def test_preferences_when_damaged_then_the_defaults_stand(call: Call) -> None:
    body = "return [m.clean(null).theme, m.clean({ theme: 'pink', short: 'yes', last: [], listWidth: '9' })]"
    theme, cleaned = call("app/preferences.js", body)
    assert theme == "auto"
    assert (cleaned["theme"], cleaned["short"], cleaned["last"], cleaned["listWidth"]) == ("auto", True, {}, 292)


@pytest.mark.parametrize(
    ("path", "search", "page"),
    [("/", "", "home"), ("/orders", "?tab=gtt", "orders"), ("/nowhere", "", "home"), ("/orders/", "", "orders")],
)
def test_address_when_read_then_names_its_page(call: Call, path: str, search: str, page: str) -> None:
    found = call(
        "app/router.js", "const r = m.routeOf(a[0], a[1]); return [r.name, r.params.get('tab')]", [path, search]
    )
    assert found == [page, "gtt" if search else None]
