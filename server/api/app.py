"""The Litestar app out of its parts: routes, one error shape, the OpenAPI document, the site's files."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from litestar import Litestar
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler
from litestar.openapi import OpenAPIConfig

from server.api import (
    audit,
    bars,
    baskets,
    debug,
    funds,
    health,
    instruments,
    kill_switch,
    markets,
    options,
    orders,
    overview,
    parents,
    payoff,
    performance,
    positions,
    quotes,
    risk,
    session,
    settings,
    strategies,
    system,
    templates,
    trades,
    triggers,
    volatility,
)
from server.api.context import Context
from server.api.docs import api_page
from server.api.errors import HANDLERS
from server.api.openapi import Document
from server.api.pages import Site
from server.api.refusals import note_refusal
from server.api.security import MAX_BODY

__all__ = ("create_app",)

_NOUNS = (
    session,
    markets,
    instruments,
    quotes,
    bars,
    orders,
    trades,
    triggers,
    baskets,
    parents,
    positions,
    funds,
    risk,
    kill_switch,
    settings,
    overview,
    options,
    volatility,
    payoff,
    templates,
    performance,
    strategies,
    audit,
    system,
    health,
)
"""One module a noun; each lists its handlers in ROUTES."""


def create_app(context: Context, site: Site, more: Sequence[BaseRouteHandler] = ()) -> Litestar:
    """All routes over one context; `more` are those that need more than the context (streams, imports)."""

    def provide() -> Context:
        return context

    nouns = (*_NOUNS, debug) if context.mode == "development" else _NOUNS
    routes: list[Any] = [route for noun in nouns for route in noun.ROUTES]
    return Litestar(
        [*routes, *more, api_page, *site.handlers()],
        dependencies={"context": Provide(provide, sync_to_thread=False)},
        exception_handlers=HANDLERS,
        after_exception=[partial(note_refusal, context)],
        request_max_body_size=MAX_BODY,
        openapi_config=OpenAPIConfig(
            title="Sauda",
            version=context.version,
            description="All the app does, on this machine. Money and prices are strings; errors have one shape. "
            "Quantities are whole units: what one unit is, the instrument, order, trade or position says in `unit` "
            "(1 for shares and contracts, 0.00001 for a coin in such steps), and value = price x quantity x unit.",
            path="/docs/openapi.json",  # not /docs: Litestar answers everything below it, and the site has pages there
            use_handler_docstrings=True,
            render_plugins=[Document(path=["/", "/openapi.json"])],
        ),
        logging_config=None,
        debug=False,
    )
