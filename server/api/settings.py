"""What the user arranges: watchlists and preferences, kept in the journal like everything; and the settings file."""

from typing import Annotated, Any

import msgspec
from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from server.api.context import Context
from server.api.ports import Reloaded
from server.api.strict import Strict
from server.api.wire import Page
from server.core.errors import Invalid
from server.domain.events import ListChanged
from server.domain.journal import SettingChanged

__all__ = ("ROUTES",)

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]


class Watchlist(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A named list of instruments."""

    id: Name
    name: Name
    keys: Annotated[list[Annotated[str, msgspec.Meta(max_length=60)]], msgspec.Meta(max_length=200)]


class Watchlists(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All watchlists, in order."""

    items: Annotated[list[Watchlist], msgspec.Meta(max_length=20)]


class Preferences(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A free JSON object of at most 64 kB, for the app."""

    values: dict[str, Any]


@get("/api/v1/watchlists", tags=["Settings"], summary="Watchlists")
async def watchlists(context: NamedDependency[Context]) -> Page[Watchlist]:
    """In the user's order; a new installation has a few to start with."""
    kept = await context.reads.settings.get("watchlists", None)
    return Page(msgspec.convert(context.first_watchlists() if kept is None else kept["items"], list[Watchlist]))


@put("/api/v1/watchlists", dto=Strict[Watchlists], return_dto=None, tags=["Settings"], summary="Replace all watchlists")
async def put_watchlists(context: NamedDependency[Context], data: JSONBody[Watchlists]) -> Page[Watchlist]:
    """Nothing is kept of the lists before."""
    ids = [w.id for w in data.items]
    if len(set(ids)) != len(ids):
        raise Invalid(
            "Two watchlists have the same id.", code="watchlists.id", field="items", remedy="Give each its own."
        )
    await context.write(SettingChanged(name="watchlists", value=msgspec.to_builtins(data)), subject="watchlists")
    context.bus.publish(ListChanged(at=context.clock.now(), name="watchlists"))
    return Page(data.items)


@get("/api/v1/preferences", tags=["Settings"], summary="Preferences of the app")
async def preferences(context: NamedDependency[Context]) -> Preferences:
    """As the app last wrote them."""
    return Preferences(await context.reads.settings.get("preferences", {}))


@put("/api/v1/preferences", dto=Strict[Preferences], return_dto=None, tags=["Settings"], summary="Replace preferences")
async def put_preferences(context: NamedDependency[Context], data: JSONBody[Preferences]) -> Preferences:
    """At most 64 kB."""
    size = len(msgspec.json.encode(data.values))
    if size > 64_000:
        raise Invalid(
            f"The preferences have {size:,} bytes.",
            code="preferences.size",
            field="values",
            limit=64_000,
            value=size,
            remedy="Keep at most 64 kB.",
        )
    await context.write(SettingChanged(name="preferences", value=data.values), subject="preferences")
    context.bus.publish(ListChanged(at=context.clock.now(), name="preferences"))
    return data


@post("/api/v1/settings/reload", tags=["Settings"], summary="Read the settings again", status_code=200)
async def reload(context: NamedDependency[Context]) -> Reloaded:
    """Reads `sauda.toml` anew. One wrong value refuses all of it, with file and line, and nothing is changed."""
    return await context.reload()


ROUTES = (reload, watchlists, put_watchlists, preferences, put_preferences)
