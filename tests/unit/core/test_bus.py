"""The bus: order, isolation of failures, and resuming from a sequence number."""

from server.core.bus import Bus


class Ping:
    pass


class LoudPing(Ping):
    pass


def test_handlers_get_their_kind_and_its_children() -> None:
    bus = Bus()
    seen: list[object] = []
    end = bus.subscribe(Ping, seen.append)
    first, second = Ping(), LoudPing()
    bus.publish(first)
    bus.publish("other")
    bus.publish(second)
    end()
    bus.publish(Ping())
    assert seen == [first, second]


def test_one_failing_handler_does_not_silence_the_rest() -> None:
    bus = Bus()
    seen: list[object] = []

    def broken(_: Ping) -> None:
        raise RuntimeError("deaf")

    bus.subscribe(Ping, broken)
    bus.subscribe(Ping, seen.append)
    bus.publish(Ping())
    assert len(seen) == 1
    assert bus.failures == 1


def test_since_gives_what_was_missed_or_says_it_cannot() -> None:
    bus = Bus(keep=3)
    for number in range(5):
        bus.publish(number)
    assert bus.since(5) == []
    assert bus.since(3) == [(4, 3), (5, 4)]
    assert bus.since(2) == [(3, 2), (4, 3), (5, 4)]
    assert bus.since(1) is None
