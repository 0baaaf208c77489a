"""Start a fake broker by hand: `python -m tests.brokers.fake zerodha --port 9001`.

It prints its addresses and demo credentials; prices walk once a second. Faults are switched over HTTP, see `/_fake/`
in `base.py`: `curl '127.0.0.1:9001/_fake/fault?call=place&kind=hang_after'`.
"""

import argparse
import asyncio
import contextlib
import inspect
import random
from importlib import import_module

from server.core.clock import SystemClock
from tests.brokers.base import FAULTS, FakeBroker
from tests.brokers.listed import walk

__all__ = ("FAKES", "make")

FAKES = {
    "zerodha": "FakeKite",
    "upstox": "FakeUpstox",
    "fyers": "FakeFyers",
    "flattrade": "FakeFlattrade",
    "aliceblue": "FakeAliceBlue",
    "alpaca": "FakeAlpaca",
    "binance": "FakeBinance",
    "binance-usdm": "FakeBinanceUsdm",
    "oanda": "FakeOanda",
    "schwab": "FakeSchwab",
    "interactive_brokers": "FakeGateway",
}
"""Class by module of `tests/brokers`; those whose module is not there yet cannot be started."""
_BEAT = 1.0


def make(name: str, **settings: str) -> FakeBroker:
    """A fake broker, not yet started; settings its class does not take are left out."""
    kind = getattr(import_module(f"tests.brokers.{name.replace('-', '_')}"), FAKES[name])
    taken = inspect.signature(kind).parameters
    made: FakeBroker = kind(**{k: v for k, v in settings.items() if k in taken})
    return made


async def serve(name: str, port: int, redirect: str, still: bool) -> None:
    """Serve until interrupted."""
    clock = SystemClock()
    fake = make(name, redirect=redirect)
    await fake.start(port)
    print(f"{name}: a fake on {fake.http}")
    for what, address in fake.base().items():
        print(f"  address {what:8} {address}")
    for what, value in fake.credentials().items():
        print(f"  {what:16} {value}")
    print(f"  sends sign-ins back to {fake.callback or redirect}")
    print(f"  faults: {', '.join(FAULTS)}", flush=True)
    dice = random.Random(7)
    try:
        while True:
            await clock.sleep(_BEAT)
            fake.beat()
            if not still:
                walk(fake.exchange, dice)
    finally:
        await fake.stop()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("broker", choices=sorted(FAKES))
    parser.add_argument("--port", type=int, default=9001)
    parser.add_argument("--redirect", default="http://127.0.0.1:8420/connect/callback", help="registered with the key")
    parser.add_argument("--still", action="store_true", help="prices move only when told to")
    asked = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(asked.broker, asked.port, asked.redirect, asked.still))


if __name__ == "__main__":
    main()
