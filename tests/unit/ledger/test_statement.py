"""The statement by line, day and instrument, against hand-worked numbers."""

from datetime import date
from decimal import Decimal

from server.domain.books import Posting
from server.ledger.ledger import Ledger
from server.ledger.statement import by_day, by_instrument, lines
from tests.instruments import option, share
from tests.trading import DAY, fill, ist, order

NIFTY = option("NIFTY", DAY.replace(day=30), 24500, "CE")
SHARE = share("RELIANCE")
WHO = "paper-sim"
MONDAY = DAY.replace(day=23)


def history(ledger: Ledger) -> list[Posting]:
    """Deposit (fixture's own left out), hold, option bought and sold over two days, a withdrawal."""
    kept: list[Posting] = []

    def keep(postings: tuple[Posting, ...]) -> None:
        ledger.fold(postings)
        kept.extend(postings)

    keep(ledger.deposit(WHO, 1_000_000, "top up", ist("09:00")))
    sent = order(NIFTY, "BUY", 65, "LIMIT", "150")
    keep(ledger.hold(sent, 975_000, ist("09:30")))
    for one in (
        fill(NIFTY.key, "BUY", 65, "150.00", at=ist("10:00")),
        fill(NIFTY.key, "SELL", 65, "180.00", at=ist("10:00", MONDAY)),
    ):
        applied = ledger.apply(one, "NRML", NIFTY)
        assert applied is not None
        ledger.commit(applied)
        kept.extend(applied.postings)
    keep(ledger.release(sent, ist("10:01", MONDAY)))
    keep(ledger.withdraw(WHO, 200_000, "rent", ist("16:00", MONDAY)))
    return kept


def test_list_lines_when_money_moves_then_balance_runs_and_ends_at_free_cash(ledger: Ledger) -> None:
    told = lines(history(ledger), opening_minor=50_000_000)
    assert [(entry.kind, entry.minor) for entry in told] == [
        ("deposit", 1_000_000),
        ("hold", -975_000),
        ("trade", -975_000),
        ("charge", -2_347),
        ("tax", -452),
        ("trade", 1_170_000),
        ("charge", -2_417),
        ("tax", -2_235),
        ("release", 975_000),
        ("withdrawal", -200_000),
    ]
    assert told[-1].balance_minor == ledger.funds(WHO).free_minor


def test_sum_by_day_when_trade_spans_two_days_then_each_day_closes_where_the_next_opens(ledger: Ledger) -> None:
    first, second = by_day(history(ledger), opening_minor=50_000_000)
    assert (first.day, second.day) == (DAY, MONDAY)
    assert (first.deposits_minor, first.traded_minor, first.realised_minor) == (1_000_000, -975_000, 0)
    assert first.closing_minor == second.opening_minor == 50_000_000 + 1_000_000 - 975_000 - 2_799
    assert (second.traded_minor, second.realised_minor, second.withdrawals_minor) == (1_170_000, 195_000, 200_000)
    assert second.closing_minor == ledger.funds(WHO).cash_minor


def test_sum_by_day_when_a_posting_comes_late_then_it_counts_for_its_own_day(ledger: Ledger) -> None:
    kept = history(ledger)
    assert by_day([*kept[4:], *kept[:4]], 50_000_000) == by_day(kept, 50_000_000)


def test_sum_by_instrument_when_two_are_traded_then_profit_less_costs_of_each(ledger: Ledger) -> None:
    kept = history(ledger)
    applied = ledger.apply(fill(SHARE.key, "BUY", 10, "1400", at=ist("11:00", date(2026, 11, 23))), "CNC", SHARE)
    assert applied is not None
    option_line, share_line = by_instrument([*kept, *applied.postings])
    assert (option_line.key, option_line.fills, option_line.realised_minor) == (NIFTY.key, 2, 195_000)
    assert option_line.net_minor == 195_000 - 7_451
    assert (share_line.key, share_line.fills, share_line.realised_minor) == (SHARE.key, 1, 0)
    assert share_line.net_minor == -int(applied.charges.total * Decimal(100))
