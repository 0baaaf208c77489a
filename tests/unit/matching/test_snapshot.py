"""Quote and depth are joined so that the newer touch counts."""

import msgspec

from server.domain.quotes import Depth
from server.matching.snapshot import snapshot
from tests.trading import levels, quote

QUOTE = msgspec.structs.replace(quote("NSE:SBIN", "800", bid="800.00", ask="800.10", qty=50), bid_qty=40)
OLD = Depth(
    levels([("800.20", 10), ("800.15", 20), ("800.00", 30), ("799.95", 40), ("799.90", 50)]),
    levels([("800.25", 10), ("800.30", 20), ("800.35", 30), ("800.40", 40), ("800.45", 50)]),
)


def test_join_when_depth_is_older_than_the_quote_then_the_quotes_touch_leads_and_crossed_levels_are_gone() -> None:
    seen = snapshot(QUOTE, OLD, fresh=True)
    assert seen.deep
    assert seen.bids == levels([("800.00", 40), ("799.95", 40), ("799.90", 50)])
    assert seen.asks == levels([("800.10", 50), ("800.25", 10), ("800.30", 20), ("800.35", 30), ("800.40", 40)])


def test_join_when_quote_shows_one_side_empty_then_that_side_is_empty() -> None:
    seen = snapshot(msgspec.structs.replace(QUOTE, ask=None, ask_qty=0), OLD, fresh=True)
    assert seen.asks == ()
    assert seen.bids[0].quantity == 40


def test_join_when_there_is_no_depth_then_the_touch_alone() -> None:
    seen = snapshot(QUOTE, None, fresh=True)
    assert (seen.bids, seen.asks, seen.deep) == (levels([("800.00", 40)]), levels([("800.10", 50)]), False)


def test_join_when_quote_has_no_touch_then_the_depth_as_it_is() -> None:
    seen = snapshot(quote("NSE:SBIN", "800"), OLD, fresh=True)
    assert (seen.bids, seen.asks) == (OLD.bids, OLD.asks)


def test_join_when_only_a_last_price_is_known_then_bare() -> None:
    seen = snapshot(quote("NSE:SBIN", "800"), Depth(), fresh=False)
    assert seen.bare and not seen.deep and not seen.fresh
