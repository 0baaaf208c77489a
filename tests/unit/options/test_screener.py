"""Views turned into ranked strategies, with reasons that carry figures."""

import msgspec
import numpy as np
import pytest

from server.core.errors import Invalid
from server.options.screener import View, screen
from server.options.templates import TEMPLATES
from tests.option_chain import listing

LISTING = listing()
WEEK = 7 / 365


@pytest.mark.parametrize(
    ("direction", "views"),
    [("up", {"bullish"}), ("down", {"bearish"}), ("still", {"neutral"}), ("moving", {"volatile"})],
)
def test_screen_then_the_best_idea_is_one_for_that_view(direction: str, views: set[str]) -> None:
    ideas = screen(View(direction=direction, move=0.02, years=WEEK), LISTING)  # type: ignore[arg-type]
    assert ideas
    assert TEMPLATES[ideas[0].key].view in views
    assert [i.score for i in ideas] == sorted((i.score for i in ideas), reverse=True)
    assert all(i.expected > 0 and i.shortfall > 0 and 0 <= i.probability <= 1 for i in ideas)


def test_screen_when_risk_must_be_limited_then_no_idea_without_a_cap() -> None:
    limited = screen(View(direction="still", move=0.01, years=WEEK, risk="limited"), LISTING, most=99)
    free = screen(View(direction="still", move=0.01, years=WEEK, risk="any"), LISTING, most=99)
    assert all(TEMPLATES[i.key].loss_limited for i in limited)
    assert {"short_straddle", "short_strangle"} <= {i.key for i in free}


def test_screen_when_a_loss_is_bounded_then_no_idea_can_lose_more() -> None:
    ideas = screen(View(direction="up", move=0.02, years=WEEK, most_loss=6000), LISTING, most=99)
    assert ideas
    assert all(i.outcome.max_loss is not None and -i.outcome.max_loss <= 6000 for i in ideas)


def test_screen_when_volatility_is_to_rise_then_reasons_say_who_gains() -> None:
    ideas = screen(View(direction="moving", move=0.02, years=WEEK / 2, volatility="rise"), LISTING)
    keys = {r.key for r in ideas[0].reasons}
    assert "screener.reason.volatility_helps" in keys
    assert "screener.reason.probability" in keys
    figures = [v for i in ideas for r in i.reasons for v in r.figures.values()]
    assert np.isfinite(figures).all()


def test_screen_when_the_date_lies_between_expiries_then_the_later_one() -> None:
    ideas = screen(View(direction="up", move=0.02, years=10 / 365), LISTING)
    assert ideas[0].legs[0].expiry == LISTING.at(1).expiry


@pytest.mark.parametrize(
    ("view", "code"),
    [
        (View(direction="up", move=0.02, years=0), "options.view"),
        (View(direction="up", move=0.0, years=WEEK), "options.view"),
        (View(direction="up", move=0.02, years=2), "options.view_expiry"),
    ],
)
def test_screen_when_the_view_says_nothing_then_invalid(view: View, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        screen(view, LISTING)
    assert caught.value.code == code


def test_screen_when_the_chain_has_no_volatility_then_invalid() -> None:
    near = LISTING.at(0)
    blank = msgspec.structs.replace(near, sigma=np.full(near.strikes.size, np.nan))
    with pytest.raises(Invalid, match="volatility"):
        screen(View(direction="up", move=0.02, years=WEEK), msgspec.structs.replace(LISTING, expiries=(blank,)))
