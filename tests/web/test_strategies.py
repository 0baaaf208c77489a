"""What the strategies page makes of figures and of what is typed."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

from tests.web.modules import Call, caller


@pytest.fixture(scope="module")
def call(module_stage: Callable[..., Page]) -> Iterator[Call]:
    yield caller(module_stage("blank.html"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("4,000", 4000),
        ("\u22125,000.50", -5000.5),
        ("-250", -250),
        (" \u20b9 1,200 ", 1200),
        ("12.345", "NaN"),
        ("lots", "NaN"),
    ],
)
def test_amount_when_typed_then_rupees_or_refused(call: Call, text: str, value: float | str | None) -> None:
    got = call("views/strategies/guard.js", "const v = m.amount(a); return Number.isNaN(v) ? 'NaN' : v", text)
    assert got == value


def test_trend_when_values_are_missing_then_the_line_breaks_and_nothing_is_nan(call: Call) -> None:
    path = call("views/strategies/trend.js", "return m.trendPath(a, 0, 10)", [0, 5, None, 10])
    assert path == "M0.00 40.00L33.33 20.00M100.00 0.00"


def test_trend_when_nothing_is_known_then_says_so(call: Call) -> None:
    got = call(
        "views/strategies/trend.js",
        """const one = m.createTrend({ label: 'P&L', text: String, empty: 'Soon.' }); one.set([1, 2], [null, null]);
        return [one.el.querySelector('.trend-said').hidden, one.el.textContent.includes('NaN')];""",
    )
    assert got == [False, False]


@pytest.mark.parametrize(
    ("outcome", "profit", "loss"),
    [
        (
            {"max_profit": 5590.0, "max_loss": -7410.4, "profit_unbounded": False, "loss_unbounded": False},
            "+\u20b95,590",
            "\u2212\u20b97,410",
        ),
        (
            {"max_profit": None, "max_loss": -7410.4, "profit_unbounded": True, "loss_unbounded": False},
            "no limit",
            "\u2212\u20b97,410",
        ),
        (
            {"max_profit": 100.0, "max_loss": 20.0, "profit_unbounded": False, "loss_unbounded": False},
            "+\u20b9100",
            "nothing",
        ),
        (
            {"max_profit": 100.0, "max_loss": None, "profit_unbounded": False, "loss_unbounded": True},
            "+\u20b9100",
            "no limit",
        ),
    ],
)
def test_outcome_when_bounded_or_not_then_said_so(
    call: Call, outcome: dict[str, object], profit: str, loss: str
) -> None:
    assert call("views/shared/payoff.js", "return [m.mostProfit(a), m.mostLoss(a)]", outcome) == [profit, loss]


def test_before_and_after_when_drawn_then_both_profiles_on_one_axis(call: Call) -> None:
    got = call(
        "views/strategies/beforeafter.js",
        """const one = m.createBeforeAfter();
        one.set({ expiry: [-10, 0, 10] }, { spots: [100, 110, 120], expiry: [5, 5, 5] });
        return [...one.el.querySelectorAll('path')].map((path) => path.getAttribute('d'));""",
    )
    assert all(path and "NaN" not in path for path in got)
    hidden = call(
        "views/strategies/beforeafter.js",
        "const one = m.createBeforeAfter(); one.set(null, null); return one.el.hidden",
    )
    assert hidden is True
