"""The first live order of a day: confirmed once, sent once, whichever call it is."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.web.modules import Call, caller

GUARD = """
const calls = [];
let confirmed = false;
const refuse = (name) => async (...args) => {
  calls.push(name);
  if (!confirmed) throw { problem: { code: a.code, detail: 'Real money.', value: 'kite' } };
  return 'sent';
};
const names = ['place', 'sendBasket', 'addParent', 'addTrigger', 'sendStrategy', 'closeStrategy',
  'adjustStrategy', 'exit'];
const api = Object.fromEntries(names.map((name) => [name, refuse(name)]));
api.confirm = async (account) => { calls.push(`confirm ${account}`); confirmed = true; };
const asked = [];
const guarded = m.withReadBack(api, async (text, request) => { asked.push([text, request]); return a.yes; });
const answer = await guarded[a.name]('one', { legs: 2 }, 'three').catch((error) => error.problem.code);
return [answer, calls, asked];
"""


@pytest.fixture
def call(stage: Callable[..., Page]) -> Iterator[Call]:
    yield caller(stage("blank.html"))


def run(call: Call, name: str, *, yes: bool = True, code: str = "order.read_back") -> Any:
    return call("app/readback.js", GUARD, {"name": name, "yes": yes, "code": code})


@pytest.mark.parametrize("name", ["place", "addParent", "addTrigger", "sendStrategy", "adjustStrategy"])
def test_call_when_confirmed_then_the_same_one_is_made_again_once(call: Call, name: str) -> None:
    answer, calls, asked = run(call, name)
    assert (answer, calls) == ("sent", [name, "confirm kite", name])
    assert asked[0][0] == "Real money."


def test_exit_when_read_back_then_the_position_is_named(call: Call) -> None:
    _, _, asked = run(call, "exit")
    assert asked == [["Real money.", {"account": "one", "key": {"legs": 2}, "product": "three"}]]


def test_call_when_not_confirmed_then_nothing_is_sent_again(call: Call) -> None:
    assert run(call, "place", yes=False)[:2] == ["order.read_back", ["place"]]


def test_call_when_refused_for_another_reason_then_nobody_is_asked(call: Call) -> None:
    assert run(call, "place", code="order.lot") == ["order.lot", ["place"], []]
