"""Writing in order, in groups, and what a broken disk does to what waits."""

import asyncio

import pytest

from server.core.bus import Bus
from server.core.errors import Unavailable
from server.domain.journal import Entry, Noted
from server.orders.recorder import Recorder
from server.orders.requests import Requests
from tests.trading import ist


class SlowJournal:
    """Commits when told; remembers the groups."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.gate = asyncio.Event()
        self.fail = False
        self.healthy = True

    async def commit(self, *entries: Entry) -> int:
        await self.gate.wait()
        if self.fail:
            raise Unavailable("disk full")
        self.groups.append([e.subject for e in entries])
        return 0


def entry(subject: str) -> Entry:
    """An entry."""
    return Entry(at=ist("10:00"), actor="test", subject=subject, payload=Noted(what="x"))


async def settle() -> None:
    """Some turns of the loop."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_write_when_the_disk_is_busy_then_the_rest_goes_as_one_group_in_order() -> None:
    journal, bus, seen = SlowJournal(), Bus(), list[object]()
    bus.subscribe(object, seen.append)
    recorder = Recorder(journal, bus, lambda why: None)
    done = [recorder.write([entry("1")], ["one"])]
    await settle()
    done += [recorder.write([entry(n), entry(n + "b")], [n]) for n in ("2", "3")]
    assert seen == []
    journal.gate.set()
    await asyncio.gather(*done)
    assert journal.groups == [["1"], ["2", "2b", "3", "3b"]]
    assert seen == ["one", "2", "3"]


async def test_write_when_each_turn_brings_more_then_one_group_takes_it() -> None:
    journal = SlowJournal()
    journal.gate.set()
    recorder = Recorder(journal, Bus(), lambda why: None)
    done = []
    for number in range(5):
        done.append(recorder.write([entry(str(number))]))
        await asyncio.sleep(0)
    await asyncio.gather(*done)
    assert journal.groups == [["0", "1", "2", "3", "4"]]


async def test_write_when_a_commit_fails_then_all_behind_it_fails_and_no_event_is_told() -> None:
    journal, bus, seen, whys = SlowJournal(), Bus(), list[object](), list[str]()
    bus.subscribe(object, seen.append)
    recorder = Recorder(journal, bus, whys.append)
    journal.fail = True
    first = recorder.write([entry("1")], ["one"])
    await settle()
    second = recorder.write([entry("2")], ["two"])
    journal.gate.set()
    for done in (first, second):
        with pytest.raises(Unavailable, match="Trading is halted"):
            await done
    with pytest.raises(Unavailable):
        recorder.write([entry("3")])
    assert (whys, seen, journal.groups) == (["disk full"], [], [])
    assert not await recorder.probe(entry("probe"))
    journal.fail = False
    assert await recorder.probe(entry("probe"))
    await recorder.write([entry("4")])
    assert journal.groups == [["probe"], ["4"]]


async def test_write_when_very_much_waits_then_groups_stay_small() -> None:
    journal = SlowJournal()
    recorder = Recorder(journal, Bus(), lambda why: None)
    done = [recorder.write([entry(str(n))]) for n in range(1200)]
    journal.gate.set()
    await asyncio.gather(*done)
    await recorder.flush()
    assert [len(g) for g in journal.groups] == [512, 512, 176]
    assert [s for g in journal.groups for s in g] == [str(n) for n in range(1200)]


def test_requests_when_loaded_then_new_ones_are_told_from_old_ones() -> None:
    requests = Requests()
    requests.load([("a", f"r{n}") for n in range(1000)])
    assert all(requests.perhaps("a", f"r{n}") for n in range(1000))
    assert not any(requests.perhaps("b", f"r{n}") for n in range(1000))
    requests.add("a", "new", "O1")
    assert requests.order_id("a", "new") == "O1"
    requests.drop("a", "new")
    requests.add("a", "", "O2")
    assert (requests.order_id("a", "new"), requests.order_id("a", "")) == ("", "")
