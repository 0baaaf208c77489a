"""Waiting with a limit on the injected clock."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from server.core.clock import Clock

__all__ = ("within",)

T = TypeVar("T")
_TURNS = 3
"""Turns of the loop in which whoever listens to a broker gets to what it told before it answered."""


async def within(clock: Clock, seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`; raises TimeoutError after `seconds` of the clock, having asked `work` to stop.

    A `work` that was cancelled from inside raises TimeoutError too: for the caller it has no answer either."""
    task = asyncio.ensure_future(work)
    timer: asyncio.Future[None] | None = None
    try:
        await asyncio.sleep(0)  # what answers at once, as the paper broker does, needs no timer
        if task.done():
            for _ in range(_TURNS):  # what was told along with the answer, a fill, is heard before it
                await asyncio.sleep(0)
        else:
            timer = asyncio.ensure_future(clock.sleep(seconds))
            await asyncio.wait({task, timer}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise TimeoutError(f"no answer within {seconds:g} s")
        if task.cancelled():
            raise TimeoutError("the call was cut off")
        return task.result()
    finally:
        if timer is not None:
            timer.cancel()
        if not task.done():
            task.cancel()
            task.add_done_callback(_seen)


def _seen(task: "asyncio.Task[Any]") -> None:
    if not task.cancelled():
        task.exception()
