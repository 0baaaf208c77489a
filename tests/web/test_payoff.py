"""The payoff in the browser says what the server says: profit, Greeks, breakevens, chances, at any spot and date."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from server.options import payoff, probability
from server.options.legs import Book, Leg, Setting, Term
from server.options.probability import Lognormal
from tests.web.modules import Call, caller
from tests.web.touch import Fingers

NEAR, FAR = date(2026, 12, 1), date(2026, 12, 29)
SPOT = 24_412.4
TERMS = {NEAR: Term(11.3 / 365, 24_460.0, 0.065), FAR: Term(39.3 / 365, 24_580.0, 0.065)}
SIGMA = 0.134
LOT = 65

# (lots, strike, right, expiry, sigma, price); a future has no strike, a share neither strike nor expiry
POSITIONS: dict[str, list[tuple[int, int | None, str | None, date | None, float | None, str]]] = {
    "iron condor": [
        (1, 23_900, "PE", NEAR, 0.152, "32.40"),
        (-1, 24_100, "PE", NEAR, 0.145, "66.10"),
        (-1, 24_700, "CE", NEAR, 0.128, "88.20"),
        (1, 24_900, "CE", NEAR, 0.126, "39.60"),
    ],
    "short straddle": [(-2, 24_400, "CE", NEAR, 0.13, "190.00"), (-2, 24_400, "PE", NEAR, 0.13, "140.00")],
    "ratio": [(1, 24_400, "CE", NEAR, 0.13, "190.00"), (-2, 24_700, "CE", NEAR, 0.125, "80.00")],
    "calendar": [(-1, 24_400, "CE", NEAR, 0.13, "190.00"), (1, 24_400, "CE", FAR, 0.138, "520.00")],
    "covered call": [(1, None, None, None, None, "24412.40"), (-1, 24_600, "CE", NEAR, 0.127, "110.00")],
    "future and put": [(1, None, None, NEAR, None, "24460.00"), (1, 24_200, "PE", NEAR, 0.141, "85.00")],
}


def server_book(name: str) -> Book:
    legs = [
        Leg(
            kind="OPTION" if strike is not None else "FUTURE" if expiry is not None else "EQUITY",
            quantity=lots * LOT,
            price=Decimal(price),
            strike=Decimal(strike) if strike is not None else None,
            right=right,  # type: ignore[arg-type]
            expiry=expiry,
            lot=LOT,
            key=f"{n}",
            sigma=sigma,
        )
        for n, (lots, strike, right, expiry, sigma, price) in enumerate(POSITIONS[name])
    ]
    return Book.of(legs, Setting(spot=SPOT, terms=TERMS, sigma=SIGMA))


def page_book(name: str) -> dict[str, Any]:
    return {
        "legs": [
            {
                "key": f"{n}",
                "kind": "OPTION" if strike is not None else "FUTURE" if expiry is not None else "EQUITY",
                "units": lots * LOT,
                "price": float(price),
                "strike": float(strike or 0),
                "call": right == "CE",
                "expiry": expiry.isoformat() if expiry else "",
                "sigma": sigma or 0.0,
            }
            for n, (lots, strike, right, expiry, sigma, price) in enumerate(POSITIONS[name])
        ],
        "setting": {
            "spot": SPOT,
            "sigma": SIGMA,
            "terms": {
                day.isoformat(): {"years": t.years, "forward": t.forward, "rate": t.rate} for day, t in TERMS.items()
            },
        },
    }


@pytest.fixture(scope="module")
def call(module_stage: Callable[..., Page]) -> Iterator[Call]:
    yield caller(module_stage("blank.html"))


SPOTS = [20_000.0, 23_000.0, 23_899.0, 24_100.0, SPOT, 24_700.0, 25_500.0, 30_000.0]


@pytest.mark.parametrize("shift", [0.0, 0.03, -0.2])
@pytest.mark.parametrize("after", [0.0, 5.0 / 365, 11.3 / 365])
@pytest.mark.parametrize("name", POSITIONS)
def test_profit_when_spot_date_and_volatility_move_then_as_the_server_says(
    call: Call, name: str, after: float, shift: float
) -> None:
    wanted = payoff.profit(server_book(name), SPOTS, after, shift)
    got = call(
        "payoff/model/book.js",
        "return [...new m.Book(a.legs, a.setting).curve(a.spots, a.after, a.shift)]",
        {**page_book(name), "spots": SPOTS, "after": after, "shift": shift},
    )
    assert np.allclose(got, wanted, rtol=0, atol=1e-6)


@pytest.mark.parametrize("after", [0.0, 6.0 / 365])
@pytest.mark.parametrize("name", POSITIONS)
def test_greeks_when_scrubbed_then_as_the_server_says(call: Call, name: str, after: float) -> None:
    for spot in (23_500.0, SPOT, 25_100.0):
        wanted = payoff.greeks(server_book(name), spot, after, 0.01)
        got = call(
            "payoff/model/book.js",
            "return new m.Book(a.legs, a.setting).greeks(a.spot, a.after, 0.01)",
            {**page_book(name), "spot": spot, "after": after},
        )
        for greek in ("delta", "gamma", "theta", "vega"):
            assert got[greek] == pytest.approx(getattr(wanted, greek), rel=1e-9, abs=1e-7), greek


@pytest.mark.parametrize("name", POSITIONS)
def test_outcome_when_legs_given_then_as_the_server_says(call: Call, name: str) -> None:
    wanted = payoff.outcome(server_book(name))
    got = call(
        "payoff/model/outcome.js",
        "const { Book } = await import('/web/payoff/model/book.js'); return m.outcomeOf(new Book(a.legs, a.setting))",
        page_book(name),
    )
    assert got["breakevens"] == pytest.approx(list(wanted.breakevens), rel=1e-7)
    for ours, theirs in (("maxProfit", wanted.max_profit), ("maxLoss", wanted.max_loss)):
        if theirs is None:
            assert got[ours] is None
        else:
            assert got[ours] == pytest.approx(theirs, rel=2e-4, abs=0.5)


@pytest.mark.parametrize("name", ["iron condor", "short straddle", "ratio"])
def test_chance_and_bands_when_legs_given_then_as_the_server_says(call: Call, name: str) -> None:
    book = server_book(name)
    law = Lognormal(TERMS[NEAR].forward, SIGMA * TERMS[NEAR].years ** 0.5)
    got = call(
        "payoff/model/probability.js",
        "const { Book } = await import('/web/payoff/model/book.js');"
        "const { outcomeOf } = await import('/web/payoff/model/outcome.js');"
        "const book = new Book(a.legs, a.setting); const law = m.lawOf(book);"
        "return [m.chanceOfProfit(book, outcomeOf(book).breakevens, law), m.bands(law)]",
        page_book(name),
    )
    assert got[0] == pytest.approx(probability.probability_of_profit(book, law), abs=1e-9)
    for ours, theirs in zip(got[1], probability.bands(law), strict=True):
        assert (ours["low"], ours["high"]) == pytest.approx(theirs, rel=2e-3)


def test_book_when_a_leg_cannot_be_valued_then_left_out_and_nothing_is_nan(call: Call) -> None:
    asked = page_book("iron condor")
    asked["legs"][0]["sigma"] = None
    asked["legs"][1]["expiry"] = "2031-01-01"
    got = call(
        "payoff/model/book.js",
        "a.legs[0].sigma = NaN; const b = new m.Book(a.legs, a.setting);"
        "return [b.legs.length, b.profit(24000, 0), Object.values(b.greeks(24000, 0)).every(Number.isFinite)]",
        asked,
    )
    assert got[0] == 2
    assert np.isfinite(got[1])
    assert got[2]


@pytest.fixture
def chart(stage: Callable[..., Page]) -> Page:
    page = stage("payoff.html", "phone")
    page.evaluate("stage.make(); stage.settled()")
    return page


def test_curve_when_drawn_then_within_a_frame(chart: Page) -> None:
    took = chart.evaluate(
        """() => { const { payoff } = stage; const begun = performance.now();
        for (let i = 0; i < 100; i += 1) {
          payoff.model.setScenario((i % 20) / 20 * 11 / 365, 0.001 * i);
          payoff.model.fit();
        }
        return (performance.now() - begun) / 100; }"""
    )
    assert took < 8, f"{took:.2f} ms"


def test_surface_when_arrows_and_page_keys_then_scrubs_and_says_it(chart: Page) -> None:
    surface = chart.locator(".payoff-surface")
    surface.focus()
    chart.keyboard.press("PageUp")
    chart.evaluate("stage.settled()")
    assert surface.get_attribute("aria-valuenow") == "24700"
    said = surface.get_attribute("aria-valuetext") or ""
    assert said.startswith("24,700: Now ")
    assert said.endswith("At expiry +\u20b95,350")
    chart.keyboard.press("PageUp")
    chart.evaluate("stage.settled()")
    assert surface.get_attribute("aria-valuenow") == "24782", "the breakeven"
    chart.keyboard.press("ArrowLeft")
    chart.keyboard.press("Escape")
    chart.evaluate("stage.settled()")
    assert surface.get_attribute("aria-valuenow") == "24412", "back at the market"


def test_finger_when_it_passes_strikes_and_breakevens_then_each_ticks_once(chart: Page) -> None:
    chart.evaluate(
        "() => { const p = stage.payoff; p.scrub(24000); stage.said.buzzes = 0;"
        "p.scrub(24016); p.scrub(24050); p.scrub(24120); p.scrub(24500); p.scrub(24120); }"
    )
    assert chart.evaluate("stage.said.buzzes") == 2, "the breakeven 24,018 and the strike 24,100"


def test_finger_when_dragged_then_the_readout_follows(chart: Page) -> None:
    box = chart.locator(".payoff-surface").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 3
    Fingers(chart).drag((box["x"] + 60, middle), (box["x"] + 200, middle))
    chart.evaluate("stage.settled()")
    spot = chart.evaluate("stage.payoff.read().spot")
    wanted = chart.evaluate("x => stage.payoff.model.spotAt(x)", 200)
    assert spot == pytest.approx(wanted, rel=1e-6)
    text = chart.locator(".payoff-readout").inner_text()
    assert "At expiry" in text
    assert "Delta" in text
    assert "NaN" not in text


def test_handle_when_dragged_then_told_the_listed_strike_once_let_go(chart: Page) -> None:
    at = chart.evaluate(
        """async () => { const { layHandles, HANDLES } = await import('/web/payoff/view/layout.js');
        const one = layHandles(stage.payoff.model).find((h) => h.leg === 'b');
        const box = document.querySelector('.payoff-surface').getBoundingClientRect();
        return [box.left + one.x, box.bottom - HANDLES + 10 + one.row * 22, stage.payoff.model.x(24200) - one.x]; }"""
    )
    Fingers(chart).drag((at[0], at[1]), (at[0] + at[2], at[1]))
    strikes = chart.evaluate("stage.said.strikes")
    assert strikes[-1] == {"leg": "b", "strike": 24_200, "phase": "end"}
    assert all(one["strike"] % 50 == 0 for one in strikes)


def test_curves_when_seen_without_colour_then_still_told_apart(chart: Page) -> None:
    """Strokes differ: whole and thick, whole and thin, dashed; loss is hatched, profit is not."""
    dashes = chart.evaluate(
        """async () => {
        const seen = [];
        const context = document.querySelector('.chart-layer-series').getContext('2d');
        const stroke = context.stroke.bind(context);
        context.stroke = () => {
          seen.push(`${(context.lineWidth / devicePixelRatio).toFixed(2)} ${context.getLineDash().length}`);
          stroke();
        };
        stage.payoff.scenario(5 / 365, 0.01);
        await stage.settled();
        return seen; }"""
    )
    assert {"2.25 0", "1.50 0", "2.25 2", "0.75 0"} <= set(dashes)


def test_glyph_when_template_shapes_then_profit_and_loss_are_where_they_belong(call: Call) -> None:
    condor = [
        {"side": "BUY", "kind": "OPTION", "right": "PE", "lots": 1, "expiry": 0, "strike": -4},
        {"side": "SELL", "kind": "OPTION", "right": "PE", "lots": 1, "expiry": 0, "strike": -2},
        {"side": "SELL", "kind": "OPTION", "right": "CE", "lots": 1, "expiry": 0, "strike": 2},
        {"side": "BUY", "kind": "OPTION", "right": "CE", "lots": 1, "expiry": 0, "strike": 4},
    ]
    points = call("payoff/glyph.js", "return m.shape(a)", condor)
    by_spot = {round(spot, 3): value for spot, value in points}
    assert by_spot[0.0] > 0
    assert points[0][1] < 0
    assert points[-1][1] < 0
