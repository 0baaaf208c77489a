"""Comparing with the broker: what is repaired, what is said, what is left alone."""

from decimal import Decimal

import msgspec

from server.domain.money import to_minor
from server.orders.ports import BrokerFunds, BrokerPosition, OrderReport
from tests.orders_kit import ACCOUNT, INFY, RELIANCE, Stage, request
from tests.trading import DAY, ist


async def test_reconcile_when_all_agrees_then_nothing_is_written() -> None:
    async with Stage() as stage:
        stage.broker.script.extend(["fill", "ok", "reject"])
        for _ in range(3):
            await stage.finish(stage.service.place(request(type="LIMIT", price="2400.00"), actor="owner"))
        await stage.settle()
        before = len(stage.journal.entries)
        found = await stage.finish(stage.service.reconcile(ACCOUNT.id))
        assert (found.orders, found.fills, found.external, found.differences) == (2, 0, 0, [])
        assert len(stage.journal.entries) == before


async def test_reconcile_when_an_order_has_ended_on_both_sides_then_only_news_of_it_is_looked_at_again() -> None:
    async with Stage() as stage:
        stage.broker.script.append("fill")
        placed = await stage.finish(stage.service.place(request(), actor="owner"))
        await stage.settle()
        await stage.finish(stage.service.reconcile(ACCOUNT.id))
        asked: list[str] = []
        knows = stage.service.updates.knows

        async def counted(account: str, report: OrderReport) -> bool:
            asked.append(report.client_id)
            return await knows(account, report)

        stage.service.updates.knows = counted  # type: ignore[method-assign]
        await stage.finish(stage.service.reconcile(ACCOUNT.id))
        assert asked == []
        (broker_id,) = stage.broker.book
        stage.broker.book[broker_id] = msgspec.structs.replace(stage.broker.book[broker_id], state="OPEN")
        await stage.finish(stage.service.reconcile(ACCOUNT.id))
        assert asked == [placed.order.id]


async def test_reconnect_when_the_stream_was_cut_then_missed_fills_and_ends_are_found() -> None:
    async with Stage() as stage:
        one = await stage.finish(stage.service.place(request(type="LIMIT", price="2400.00"), actor="owner"))
        two = await stage.finish(stage.service.place(request(INFY, type="LIMIT", price="1400.00"), actor="owner"))
        await stage.stop()
        stage.broker.fill(one.order.id, 4, push=False)
        stage.broker.fill(one.order.id, 6, push=False)
        stage.broker.end(two.order.id, "CANCELLED", "by the exchange", push=False)
        stage._make()
        await stage.start()
        assert stage.journal.orders[one.order.id].state == "FILLED"
        assert stage.journal.orders[two.order.id].reason == "by the exchange"
        assert stage.position().quantity == 10
        stage.check_books()


async def test_reconcile_when_an_accepted_order_is_proved_gone_then_cancelled_and_said() -> None:
    async with Stage() as stage:
        placed = await stage.finish(stage.service.place(request(type="LIMIT", price="2400.00"), actor="owner"))
        stage.broker.book.clear()
        await stage.finish(stage.service.reconcile(ACCOUNT.id))
        order = stage.order(placed.order.id)
        assert (order.state, order.reason) == ("CANCELLED", "The broker no longer has this order.")
        assert any("no longer at the broker" in text for text in stage.notices())


async def test_reconcile_when_yesterdays_order_is_gone_then_it_has_expired() -> None:
    async with Stage() as stage:
        placed = await stage.finish(stage.service.place(request(type="LIMIT", price="2400.00"), actor="owner"))
        stage.broker.book.clear()
        stage.market.move_to(ist("09:30", DAY.replace(day=23)))
        await stage.restart()
        assert stage.journal.orders[placed.order.id].state == "EXPIRED"


async def test_reconcile_when_gone_but_the_broker_cannot_prove_it_then_it_stays() -> None:
    async with Stage(can_look_up=False) as stage:
        placed = await stage.finish(stage.service.place(request(type="LIMIT", price="2400.00"), actor="owner"))
        stage.broker.book.clear()
        await stage.finish(stage.service.reconcile(ACCOUNT.id))
        assert stage.order(placed.order.id).state == "OPEN"


async def test_reconcile_when_the_order_moves_while_the_broker_is_asked_then_it_is_not_closed() -> None:
    async with Stage() as stage:
        placed = await stage.finish(stage.service.place(request(type="LIMIT", price="2400.00"), actor="owner"))
        held = stage.broker.book.copy()
        stage.broker.book.clear()  # the list was taken in a moment of confusion over there
        find = stage.broker.find

        async def meanwhile(client_id: str) -> OrderReport | None:
            answer = await find(client_id)
            stage.broker.book.update(held)
            stage.broker.fill(client_id, 4)
            await stage.settle()
            return answer

        stage.broker.find = meanwhile  # type: ignore[method-assign]
        await stage.finish(stage.service.reconcile(ACCOUNT.id))
        assert (stage.order(placed.order.id).state, stage.order(placed.order.id).filled) == ("PARTIAL", 4)


async def test_reconcile_when_positions_differ_then_said_once() -> None:
    async with Stage() as stage:
        stage.broker.held[RELIANCE.key, "CNC"] = 7
        for _ in range(3):
            found = await stage.finish(stage.service.reconcile(ACCOUNT.id))
        text = "Position in NSE:RELIANCE (CNC): 0 here, 7 at the broker."
        assert found.differences == [text]
        assert stage.notices().count(text) == 1
        stage.broker.held.clear()
        assert (await stage.finish(stage.service.reconcile(ACCOUNT.id))).differences == []


async def test_reconcile_when_one_id_is_there_twice_then_shouted() -> None:
    async with Stage() as stage:
        placed = await stage.finish(stage.service.place(request(type="LIMIT", price="2400.00"), actor="owner"))
        stage.broker.take(placed.order)
        found = await stage.finish(stage.service.reconcile(ACCOUNT.id))
        assert found.differences == [f"The broker has 2 orders under our id {placed.order.id}. Check them there."]


async def test_reconcile_when_an_order_is_foreign_then_shown_followed_and_cancellable() -> None:
    async with Stage() as stage:
        placed = await stage.finish(stage.service.place(request(type="LIMIT", price="2400.00"), actor="owner"))
        theirs = stage.broker.take(msgspec.structs.replace(placed.order, id="", key=INFY.key))
        assert (await stage.finish(stage.service.reconcile(ACCOUNT.id))).external == 1
        assert (await stage.finish(stage.service.reconcile(ACCOUNT.id))).external == 0
        order = next(o for o in stage.service.live_orders() if o.key == INFY.key)
        assert (order.origin, order.request_id, order.broker_id) == ("external", "", theirs.broker_id)
        await stage.restart()
        done = await stage.finish(stage.service.cancel(order.id, actor="owner"))
        assert done.state == "CANCELLED"
        assert len([o for o in stage.journal.orders.values() if o.key == INFY.key]) == 1


async def test_reconcile_when_the_broker_squared_off_then_its_order_is_named_so_without_alarm() -> None:
    async with Stage() as stage:
        stage.broker.script.append("fill")
        placed = await stage.finish(stage.service.place(request(), actor="owner"))
        await stage.settle()
        own = msgspec.structs.replace(placed.order, id="", side="SELL", type="MARKET")
        held = stage.broker.take(own)
        stage.broker.push(msgspec.structs.replace(stage.broker._view(held), client_id="", origin="squareoff"))
        await stage.settle()
        fill = stage.broker.fill("", broker_id=held.broker_id, push=False)
        stage.broker.push(msgspec.structs.replace(fill, order=held.broker_id))
        await stage.settle()
        order = next(o for o in stage.journal.orders.values() if o.side == "SELL")
        assert (order.origin, order.state, stage.position().quantity) == ("squareoff", "FILLED", 0)
        assert not any("EXTERNAL" in text for text in stage.notices())
        stage.check_books()


async def test_reconcile_when_the_account_is_paper_then_the_brokers_money_is_not_compared() -> None:
    async with Stage() as stage:
        stage.broker.money = BrokerFunds(available_minor=1, used_minor=2)
        assert (await stage.finish(stage.service.reconcile(ACCOUNT.id))).differences == []


async def test_live_account_when_it_joins_then_what_was_carried_in_is_taken_over_and_said() -> None:
    stage = Stage(mode="LIVE")

    async def positions() -> list[BrokerPosition]:
        return [BrokerPosition(key=RELIANCE.key, product="CNC", quantity=7, average=Decimal("2390.50"))]

    stage.broker.positions = positions  # type: ignore[method-assign]
    async with stage:
        (held,) = [p for p in stage.ledger.positions(stage.account.id) if p.quantity]
        assert (held.quantity, held.average, held.product) == (7, Decimal("2390.50"), "CNC")
        assert [o.origin for o in stage.journal.orders.values()] == ["external"]
        assert any("Taken over from the broker: 7 NSE:RELIANCE" in text for text in stage.notices())
        await stage.restart()
        assert [p.quantity for p in stage.ledger.positions(stage.account.id) if p.quantity] == [7]
        stage.check_books()


async def test_paper_account_when_positions_differ_then_nothing_is_taken_over() -> None:
    stage = Stage()

    async def positions() -> list[BrokerPosition]:
        return [BrokerPosition(key=RELIANCE.key, product="CNC", quantity=7, average=Decimal(2390))]

    stage.broker.positions = positions  # type: ignore[method-assign]
    async with stage:
        assert [p for p in stage.ledger.positions(stage.account.id) if p.quantity] == []


async def test_live_account_when_the_broker_states_its_funds_then_the_ledger_follows() -> None:
    async with Stage(mode="LIVE") as stage:
        stage.broker.money = BrokerFunds(available_minor=to_minor(Decimal("123456.78")), used_minor=0)
        await stage.finish(stage.service.reconcile(stage.account.id))
        assert stage.service.funds(stage.account.id).free_minor == to_minor(Decimal("123456.78"))
        stage.check_books()


async def test_connect_when_orders_are_working_then_the_broker_is_told_of_them_first() -> None:
    async with Stage() as stage:
        placed = await stage.finish(stage.service.place(request(type="LIMIT", price="2400.00"), actor="owner"))
        await stage.restart()
        assert stage.broker.recalled == [placed.order.id]
