"""The builder's legs, its table of profit by spot and date, and what the wizard says."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.web.modules import Call, caller


@pytest.fixture(scope="module")
def call(module_stage: Callable[..., Page]) -> Iterator[Call]:
    yield caller(module_stage("blank.html"))


def leg(key: str, side: str = "BUY", lots: int = 1, price: str | None = None) -> dict[str, Any]:
    return {"key": key, "side": side, "lots": lots, "price": price}


def test_leg_when_moved_to_another_contract_then_its_limit_goes(call: Call) -> None:
    legs = [leg("A", price="12.50"), leg("B", "SELL")]
    assert call("views/shared/legs.js", "return m.moved(a, 'A', 'C')", legs) == [leg("C"), leg("B", "SELL")]


def test_leg_when_moved_onto_another_then_one_leg_is_left(call: Call) -> None:
    same = [leg("A", lots=2), leg("B", lots=1)]
    assert call("views/shared/legs.js", "return m.moved(a, 'A', 'B')", same) == [leg("B", lots=3)]
    against = [leg("A", lots=1), leg("B", "SELL", 1)]
    assert call("views/shared/legs.js", "return m.moved(a, 'A', 'B')", against) == []


@pytest.mark.parametrize(
    ("lots", "wanted", "scaled"),
    [([1, 1, 1, 1], 3, [3, 3, 3, 3]), ([2, 4], 3, [3, 6]), ([1, 2], 10_000, [499, 998]), ([3], 0, [1])],
)
def test_lots_when_scaled_then_their_ratio_stays(call: Call, lots: list[int], wanted: int, scaled: list[int]) -> None:
    legs = [leg(f"{n}", lots=count) for n, count in enumerate(lots)]
    got = call("views/shared/legs.js", "return m.scaled(a.legs, a.wanted, 999)", {"legs": legs, "wanted": wanted})
    assert [one["lots"] for one in got] == scaled


def test_legs_when_turned_then_every_side_is_the_other(call: Call) -> None:
    legs = [leg("A", "BUY"), leg("B", "SELL", 2)]
    assert call("views/shared/legs.js", "return m.turned(a)", legs) == [leg("A", "SELL"), leg("B", "BUY", 2)]


@pytest.mark.parametrize(
    ("cell", "worth"),
    [
        ({"bid": "10.00", "ask": "11.00", "ltp": "9.00"}, 10.5),
        ({"bid": None, "ask": "11.00", "ltp": "9.00"}, 9.0),
        ({"bid": "12.00", "ask": "11.00", "ltp": "9.00"}, 9.0),
        ({"bid": None, "ask": None, "ltp": None}, None),
    ],
)
def test_cell_when_quotes_are_whole_missing_or_crossed_then_its_worth(
    call: Call, cell: dict[str, str | None], worth: float | None
) -> None:
    assert call("views/shared/listing.js", "return m.middle(a)", cell) == worth


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("m.nearest([24000, 24100, 24200], 24149)", 24_100),
        ("m.nearest([], 24149)", 24_149),
        ("m.nextStrike([24000, 24100, 24200], 24100, 1)", 24_200),
        ("m.nextStrike([24000, 24100, 24200], 24200, 1)", 24_200),
        ("m.nextStrike([24000, 24100, 24200], 24100, -1)", 24_000),
    ],
)
def test_strike_when_sought_then_a_listed_one(call: Call, body: str, wanted: float) -> None:
    assert call("views/shared/listing.js", f"return {body}") == wanted


def test_heat_when_legs_given_then_round_spots_about_the_market_and_every_figure_signed(call: Call) -> None:
    got = call(
        "views/builder/heat.js",
        """const { Book } = await import('/web/payoff/model/book.js');
        const book = new Book([{ key: 'a', kind: 'OPTION', units: 65, price: 190, strike: 24400, call: true,
          expiry: 'E', sigma: 0.13 }], { spot: 24412, sigma: 0.13,
          terms: { E: { years: 0.03, forward: 24450, rate: 0.06 } } });
        const days = Array.from({ length: 12 }, (_, i) => ({ date: `2026-12-${String(i + 1).padStart(2, '0')}`,
          years: (0.03 * i) / 11 }));
        const grid = m.heatGrid(book, { from: 23800, to: 25000 }, days);
        const heat = m.createHeat({ onPick() {} });
        heat.set(book, { from: 23800, to: 25000 }, days, 0);
        return { spots: grid.spots, dates: grid.columns.map((one) => one.date),
          cells: [...heat.el.querySelectorAll('td')].map((one) => [one.className, one.textContent]) };""",
    )
    assert len(got["spots"]) == 15
    assert all(spot % 100 == 0 for spot in got["spots"])
    assert got["spots"][7] == 24_400
    assert (got["dates"][0], got["dates"][-1]) == ("2026-12-01", "2026-12-12")
    assert len(got["cells"]) == 15 * len(got["dates"])
    for kind, text in got["cells"]:
        assert text.startswith(("+\u20b9", "\u2212\u20b9", "\u20b90"))
        assert (kind == "loss") == text.startswith("\u2212")


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (
            {"key": "screener.reason.target", "figures": {"target": 24_900.4, "profit": 5_200}},
            "At your target of 24,900 it earns \u20b95,200.",
        ),
        (
            {"key": "screener.reason.probability", "figures": {"probability": 0.634}},
            "It earns in 63% of the cases you expect.",
        ),
        (
            {"key": "screener.reason.breakeven", "figures": {"breakeven": 24_650, "distance": 0.0097}},
            "Its nearest breakeven is 24,650, +1.0% away.",
        ),
        ({"key": "screener.reason.of_a_later_version", "figures": {}}, ""),
    ],
)
def test_reason_when_told_then_a_sentence_with_its_figures(call: Call, reason: dict[str, Any], said: str) -> None:
    assert call("views/builder/wizard.js", "return m.reasonText(a)", reason) == said


def test_days_when_slid_then_years_and_words_of_that_day(call: Call) -> None:
    got = call(
        "views/builder/scenario.js",
        """const told = []; const scenario = m.createScenario({ onChange: (now) => told.push(now) });
        scenario.setDays(a); const [date, iv] = scenario.el.querySelectorAll('input');
        date.value = '2'; date.dispatchEvent(new Event('input'));
        iv.value = '1.5'; iv.dispatchEvent(new Event('input'));
        date.value = '4'; date.dispatchEvent(new Event('input'));
        return [told, date.getAttribute('aria-valuetext'), iv.getAttribute('aria-valuetext')];""",
        [{"date": f"2026-12-0{n + 1}", "years": n / 365} for n in range(5)],
    )
    told, date, iv = got
    assert told[1] == {"after": 2 / 365, "shift": 0, "word": "3 Dec"}
    assert told[2] == {"after": 2 / 365, "shift": 0.015, "word": "3 Dec"}
    assert told[3] == {"after": 4 / 365, "shift": 0.015, "word": "Expiry"}
    assert (date, iv) == ("Expiry", "+1.5 points")


def test_days_when_expiry_is_near_then_slid_by_the_hour(call: Call) -> None:
    got = call(
        "views/builder/scenario.js",
        """const scenario = m.createScenario({ onChange() {} }); scenario.setDays(a);
        const [date] = scenario.el.querySelectorAll('input'); date.value = '12'; date.dispatchEvent(new Event('input'));
        return [date.max, scenario.read()];""",
        [{"date": "2026-12-01", "years": 0}, {"date": "2026-12-02", "years": 1 / 365}],
    )
    assert got[0] == "24"
    assert got[1] == {"after": pytest.approx(0.5 / 365), "shift": 0, "word": "in 12 h"}
