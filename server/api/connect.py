"""Connecting brokers: what there is, signing in as its users do, checking an account, signing out, forgetting."""

from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from server.api.live import Begun, BrokerWire, CheckReport, LinkWire, Live
from server.api.strict import Strict
from server.api.wire import Page
from server.core.errors import SaudaError

__all__ = ("CALLBACK", "connect_handlers")

CALLBACK = "/connect/callback"
_Text = Annotated[str, msgspec.Meta(max_length=4_000)]
_Name = Annotated[str, msgspec.Meta(max_length=60)]


class Connect(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Keys for a broker; with `account`, sign in again there and leave out what the vault has."""

    broker: _Name
    title: _Name = ""
    account: _Name = ""
    fields: dict[_Name, _Text] = {}
    addresses: dict[_Name, _Text] = {}
    """Development mode only: other addresses than the broker's own, by name (rest, stream, login)."""


class Check(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`key`: a liquid instrument; `with_order`: your consent to one smallest order far from the market."""

    key: Annotated[str, msgspec.Meta(max_length=80)]
    with_order: bool = False


def connect_handlers(live: Live) -> list[HTTPRouteHandler]:
    """The routes over the live accounts."""

    @get("/api/v1/brokers", tags=["Brokers"], summary="Brokers that can be connected", sync_to_thread=False)
    def brokers() -> Page[BrokerWire]:
        """With what each can do, and how far its adapter is proved."""
        return Page(live.brokers())

    @get("/api/v1/accounts", tags=["Brokers"], summary="Live accounts and how they stand", sync_to_thread=False)
    def accounts() -> Page[LinkWire]:
        """Paper accounts are in the session."""
        return Page(live.wires())

    @post(
        "/api/v1/accounts",
        dto=Strict[Connect],
        return_dto=None,
        tags=["Brokers"],
        summary="Sign in with a broker",
        status_code=200,
    )
    async def begin(data: JSONBody[Connect]) -> Begun:
        """Done at once where keys suffice; else go to `url`, and the broker sends you back."""
        return await live.begin(data.broker, data.title, data.fields, data.addresses, data.account)

    @get(CALLBACK, include_in_schema=False)
    async def callback(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Where the broker's login page sends the user back to."""
        query = request.query_params
        answer = {name: str(query.getall(name)[-1])[:4_000] for name in query}
        try:
            target = f"/brokers?account={quote(await live.finish(answer))}"
        except SaudaError as error:
            target = f"/brokers?problem={quote(f'{error.detail} {error.remedy}'.strip())}"
        return Response(b"", status_code=303, headers={"location": target, "cache-control": "no-store"})

    @post("/api/v1/accounts/{account:str}/sign-out", tags=["Brokers"], summary="End the session", status_code=204)
    async def sign_out(account: FromPath[str]) -> None:
        """Keys stay in the vault."""
        await live.sign_out(account)

    @delete("/api/v1/accounts/{account:str}/keys", tags=["Brokers"], summary="Forget the keys", status_code=204)
    async def forget(account: FromPath[str]) -> None:
        """Signs out first; the account's history stays on record."""
        await live.forget(account)

    @post(
        "/api/v1/accounts/{account:str}/check",
        dto=Strict[Check],
        return_dto=None,
        tags=["Brokers"],
        summary="Check an account before it goes live",
        status_code=200,
    )
    async def check(account: FromPath[str], data: JSONBody[Check]) -> CheckReport:
        """Reads everything, watches a price, and with consent places, changes and cancels one order."""
        return await live.check(account, data.key, data.with_order)

    @get("/api/v1/accounts/{account:str}/check", tags=["Brokers"], summary="The last check of an account")
    async def report(account: FromPath[str]) -> CheckReport:
        """For a bug report: no secret is in it."""
        return await live.report(account)

    @post(
        "/api/v1/accounts/{account:str}/confirm",
        tags=["Brokers"],
        summary="Confirm the first live order of the day",
        status_code=204,
    )
    async def confirm(account: FromPath[str]) -> None:
        """Live orders of today pass without asking again."""
        await live.confirm(account)

    return [brokers, accounts, begin, callback, sign_out, forget, check, report, confirm]
