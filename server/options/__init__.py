"""Option mathematics: pure functions over arrays. The three used most are here by name, loaded when first asked for."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from server.options.black_scholes import price
    from server.options.implied import implied_volatility, implied_volatility_codes
    from server.options.sensitivity import greeks

__all__ = ("greeks", "implied_volatility", "implied_volatility_codes", "price")

_HOMES = {
    "price": "black_scholes",
    "greeks": "sensitivity",
    "implied_volatility": "implied",
    "implied_volatility_codes": "implied",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
