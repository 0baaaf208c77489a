"""How Schwab wants to be called: a bearer token that lives half an hour, renewed here before it ends.

The renewing token lives seven days from the sign-in, whatever is done with it; then the user must sign in again.
"""

import asyncio
import base64
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from server.brokers.kit.http import Answer, Call, Http
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context
from server.brokers.schwab.parse import PARSERS, expires_in
from server.core.errors import Invalid, SaudaError, Unauthorised
from server.domain.brokerage import SessionGrant
from server.orders.ports import NotAccepted

__all__ = ("SchwabHttp",)

_LIFE = timedelta(minutes=30)
_AHEAD = timedelta(minutes=2)
"""A token is renewed this long before it ends."""
_YOUNG = timedelta(minutes=1)


class SchwabHttp(Http):
    """The HTTP side of one account."""

    def __init__(self, context: Context, manifest: Manifest) -> None:
        super().__init__(context, manifest, PARSERS["error"], self._signed)
        self.grant = context.session
        self._ends = _end(context.session, _LIFE)
        self._turn = asyncio.Lock()

    @property
    def account(self) -> str:
        """The path of the account: Schwab names it by a hash, never by its number."""
        return f"/accounts/{self.grant.feed_token if self.grant is not None else ''}"

    async def token(self) -> str:
        """The access token, renewed when it is about to end. Raises Unauthorised when the sign-in is over, Unavailable
        and RateLimited when Schwab does not answer."""
        async with self._turn:
            if self._ends is not None and self.context.clock.now() >= self._ends - _AHEAD:
                await self.renew()
        return self.grant.access_token if self.grant is not None else ""

    async def renew(self) -> SessionGrant:
        """A fresh access token; the end of the sign-in stays where it was."""
        if self.grant is None or not self.grant.refresh_token:
            raise self._over()
        try:
            fresh = await self.grant_for({"grant_type": "refresh_token", "refresh_token": self.grant.refresh_token})
        except (Invalid, Unauthorised) as error:
            raise self._over() from error
        self.grant = msgspec.structs.replace(
            self.grant,
            access_token=fresh.access_token,
            refresh_token=fresh.refresh_token or self.grant.refresh_token,
            issued=fresh.issued,
        )
        if self.context.keep is not None:
            await self.context.keep(self.grant)
        return self.grant

    async def _renewed(self, refused: str) -> bool:
        """Whether there is another token than the one refused; a fresh one is asked for once a minute at most."""
        async with self._turn:
            grant, now = self.grant, self.context.clock.now()
            if grant is None or grant.access_token != refused:
                return grant is not None
            if grant.issued is not None and now - grant.issued < _YOUNG:
                return False
            await self.renew()
            return True

    async def grant_for(self, form: Mapping[str, str]) -> SessionGrant:
        """What the token address gives for a code or a renewing token; asked once, under the app's own keys."""
        keys = self.context.credentials
        pair = base64.b64encode(f"{keys.get('app_key', '')}:{keys.get('app_secret', '')}".encode()).decode()
        now = self.context.clock.now()
        signed = {"Authorization": f"Basic {pair}"}
        body = await super().ask(
            Call(name="session", method="POST", path="", address="token", form=form, headers=signed)
        )
        grant: SessionGrant = msgspec.structs.replace(PARSERS["session"](body), issued=now)
        self._ends = _end(grant, timedelta(seconds=expires_in(body)))
        return grant

    async def ask(self, call: Call) -> bytes:
        """As the base, with a token that lives. Schwab at times ends one early: then a fresh one is asked for, once."""
        token = await self.token()
        try:
            return await super().ask(call)
        except Unauthorised as error:
            if error.code != "broker.session" or not await self._renewed(token):
                raise
        return await super().ask(call)

    async def submit(self, call: Call, *, always: bool = False) -> Answer:
        """As the base; without a token that lives nothing is sent."""
        try:
            await self.token()
        except SaudaError as error:
            raise NotAccepted(f"Not sent: {error.detail}", error.code) from None
        return await super().submit(call, always=always)

    def clean(self, text: str) -> str:
        """As the base, without the renewed tokens either."""
        if self.grant is not None:
            for secret in filter(None, (self.grant.access_token, self.grant.refresh_token)):
                text = text.replace(secret, "…")
        return super().clean(text)

    def _signed(self) -> dict[str, str]:
        token = self.grant.access_token if self.grant is not None else ""
        return {"Accept": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}

    def _over(self) -> Unauthorised:
        return Unauthorised(
            "Schwab's sign-in has ended: it lasts seven days, however much it is used.",
            code="broker.session",
            remedy="Sign in again on the Connect page.",
        )


def _end(grant: SessionGrant | None, life: timedelta) -> datetime | None:
    return grant.issued + life if grant is not None and grant.issued is not None else None
