"""Schwab's week: a token of half an hour renewed before it ends, a sign-in of seven days, accounts by their hash."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import msgspec
import pytest

from server.brokers.schwab import ADAPTER
from server.brokers.schwab.auth import _chosen
from server.brokers.schwab.http import SchwabHttp
from server.brokers.schwab.wire import AccountNumber
from server.core.clock import SystemClock
from server.core.errors import Invalid, Unauthorised
from server.domain.brokerage import SessionGrant
from server.orders.ports import NotAccepted
from tests.brokers.joined import Joined, sign_in
from tests.brokers.schwab import HASH, KEY, NUMBER, FakeSchwab
from tests.trading import order


class Shifted(SystemClock):
    """The machine's clock, moved by hand."""

    shift = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.shift


@pytest.fixture
async def signed() -> AsyncIterator[tuple[Joined, FakeSchwab, Shifted]]:
    """Signed in and connected, its master loaded."""
    clock = Shifted()
    made = Joined("schwab", clock)
    assert isinstance(made.fake, FakeSchwab)
    await made.fake.start()
    made.grant = await sign_in(made.adapter, made.context())
    await made.connect()
    await made.connection.data.instruments()
    yield made, made.fake, clock
    await made.connection.close()
    await made.fake.stop()


Signed = tuple[Joined, FakeSchwab, Shifted]


async def test_sign_in_when_done_then_account_hash_and_a_week(signed: Signed) -> None:
    made, _, clock = signed
    grant = made.grant
    assert grant is not None and grant.expires is not None
    assert (grant.user, grant.feed_token) == (NUMBER, HASH)
    assert abs(grant.expires - clock.now() - timedelta(days=7)) < timedelta(seconds=5)


async def test_token_when_young_then_kept_and_when_nearly_over_then_renewed_once_for_all(signed: Signed) -> None:
    made, fake, clock = signed
    await made.connection.data.funds()
    assert fake.renewed == 0
    clock.shift = timedelta(minutes=28, seconds=1)
    await asyncio.gather(*(made.connection.data.funds() for _ in range(3)))
    assert fake.renewed == 1
    clock.shift += timedelta(minutes=27)
    await made.connection.data.funds()
    assert fake.renewed == 1


async def test_token_when_ended_early_then_a_read_gets_a_fresh_one(signed: Signed) -> None:
    made, fake, clock = signed
    fake.age()
    clock.shift = timedelta(minutes=5)
    assert await made.connection.data.funds()
    assert fake.renewed == 1


async def test_order_when_the_week_is_over_then_nothing_is_sent(signed: Signed) -> None:
    made, fake, clock = signed
    fake.expire()
    clock.shift = timedelta(minutes=40)
    instrument = made.symbols.of("GLOBAL:AAPL").instrument
    with pytest.raises(NotAccepted, match="seven days"):
        await made.connection.execution.place(order(instrument, "BUY", 1, "LIMIT", "799.00"))
    assert fake.calls["place"] == 0
    with pytest.raises(Unauthorised) as caught:
        await made.connection.data.funds()
    assert "Sign in again" in caught.value.remedy


async def test_renewing_when_asked_by_the_app_then_the_end_stays_where_it_was(signed: Signed) -> None:
    made, _, clock = signed
    clock.shift = timedelta(days=2)
    fresh = await ADAPTER.login.refresh(made.context(made.grant))
    assert fresh is not None and made.grant is not None
    assert (fresh.expires, fresh.feed_token) == (made.grant.expires, HASH)
    assert fresh.access_token != made.grant.access_token
    clock.shift = timedelta(days=7, minutes=1)
    assert await ADAPTER.login.refresh(made.context(made.grant)) is None


async def test_renewing_when_done_by_the_connection_then_the_app_is_given_it_to_keep(signed: Signed) -> None:
    made, fake, clock = signed
    kept: list[SessionGrant] = []

    async def keep(grant: SessionGrant) -> None:
        kept.append(grant)

    other = made.adapter.connect(msgspec.structs.replace(made.context(made.grant), keep=keep))
    await other.open()
    clock.shift = timedelta(minutes=29)
    await other.data.funds()
    await other.close()
    (grant,) = kept
    assert fake.valid(grant.access_token)
    assert made.grant is not None and grant.expires == made.grant.expires


async def test_words_when_cleaned_then_no_renewed_token_is_in_them(signed: Signed) -> None:
    made, fake, clock = signed
    http = made.connection.http  # type: ignore[attr-defined]
    assert isinstance(http, SchwabHttp)
    clock.shift = timedelta(minutes=29)
    token = await http.token()
    assert fake.renewed == 1 and token not in http.clean(f"bad token {token}.")


def test_account_when_several_are_seen_then_it_has_to_be_named() -> None:
    two = (
        AccountNumber(accountNumber="12345678", hashValue="A"),
        AccountNumber(accountNumber="87654321", hashValue="B"),
    )
    assert _chosen(two, "4321").hashValue == "B"
    assert _chosen(two[:1], "").hashValue == "A"
    for wanted in ("", "9999"):
        with pytest.raises(Invalid, match="…5678, …4321") as caught:
            _chosen(two, wanted)
        assert caught.value.field == "account"


def test_login_page_when_asked_for_then_key_callback_and_state_are_in_its_address() -> None:
    made = Joined("schwab")
    context = msgspec.structs.replace(made.context(), base={})
    step = ADAPTER.login.begin(context, "http://127.0.0.1:8420/connect/callback", "S 1")
    assert step.listen == "https://127.0.0.1:8182"
    assert step.url == (
        f"https://api.schwabapi.com/v1/oauth/authorize?client_id={KEY}"
        "&redirect_uri=https%3A%2F%2F127.0.0.1%3A8182&response_type=code&state=S+1"
    )
    plain = msgspec.structs.replace(context, credentials={**context.credentials, "callback": "http://127.0.0.1"})
    with pytest.raises(Invalid, match="https"):
        ADAPTER.login.begin(plain, "", "S")
