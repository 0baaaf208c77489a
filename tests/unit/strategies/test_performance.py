"""The record of finished strategies and the course of one."""

from server.strategies.performance import course_of, record_of
from tests.unit.strategies.test_strategy import strategy, trade


def test_record_when_some_won_and_some_lost_then_sums_after_charges() -> None:
    won = trade(trade(strategy(template="short_straddle"), -65, "100", charges_minor=1_000), 65, "90")
    lost = trade(trade(strategy(id="S2"), 65, "100", charges_minor=500), -65, "99")
    found = record_of([won, lost])
    assert (found.count, found.wins, found.losses, found.net_minor) == (2, 1, 1, 64_000 - 7_000)
    assert (found.average_win_minor, found.average_loss_minor) == (64_000, -7_000)
    assert [(one.template, one.net_minor) for one in found.by_template] == [("", -7_000), ("short_straddle", 64_000)]


def test_record_when_there_is_nothing_then_no_figure_is_made_up() -> None:
    found = record_of([])
    assert (found.count, found.net_minor, found.best_minor, found.average_win_minor) == (0, 0, None, None)


def test_course_when_profit_rises_and_falls_then_the_largest_fall_counts() -> None:
    found = course_of([100.0, 500.0, 200.0, 400.0, -50.0])
    assert (found.best, found.worst, found.drawdown) == (500.0, -50.0, 550.0)
    assert course_of([]).drawdown is None
