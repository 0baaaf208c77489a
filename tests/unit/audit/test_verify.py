"""The verifier: every change, removal, swap and cut is found and named by its entry."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.audit.chain import GENESIS, Anchor, Link, canonical, digest
from server.audit.verify import verify


def chain(count: int) -> list[Link]:
    """A journal of so many entries."""
    links: list[Link] = []
    last = GENESIS
    for seq in range(1, count + 1):
        payload = b'{"type":"noted","what":"entry %d"}' % seq
        last = digest(last, canonical(seq, 1_000_000 * seq, "owner", "c", f"s{seq}", payload))
        links.append(
            Link(
                seq=seq,
                at_us=1_000_000 * seq,
                actor="owner",
                correlation="c",
                subject=f"s{seq}",
                payload=payload,
                hash=last,
            )
        )
    return links


def test_canonical_when_made_then_it_is_the_documented_json() -> None:
    body = canonical(7, 42, "owner", "c-1", "order", b'{"type":"noted"}')
    assert body == (
        b'{"seq":7,"at":42,"actor":"owner","correlation":"c-1","subject":"order","payload":{"type":"noted"}}'
    )


def test_verify_when_whole_then_ok_and_counts() -> None:
    links = chain(20)
    verdict = verify(links, Anchor(20, links[-1].hash.hex()))
    assert (verdict.ok, verdict.entries, verdict.head, verdict.problem) == (True, 20, links[-1].hash.hex(), None)
    assert verify([]).ok
    assert verify(links, Anchor(10, links[9].hash.hex())).ok


CHANGES = {
    "at_us": 5,
    "actor": "api:evil",
    "correlation": "other",
    "subject": "",
    "payload": b'{"type":"noted","what":"entry 99"}',
    "hash": b"\x00" * 32,
}


@pytest.mark.parametrize("field", CHANGES)
@given(place=st.integers(0, 19))
def test_verify_when_an_entry_was_changed_then_named(field: str, place: int) -> None:
    links = chain(20)
    links[place] = msgspec.structs.replace(links[place], **{field: CHANGES[field]})
    verdict = verify(links)
    assert (verdict.ok, verdict.entries) == (False, place)
    assert verdict.problem == f"Entry {place + 1} was changed, or does not follow entry {place}."


@given(place=st.integers(0, 18), count=st.integers(1, 5))
def test_verify_when_entries_were_removed_then_named(place: int, count: int) -> None:
    links = chain(20)
    count = min(count, 19 - place)
    del links[place : place + count]
    verdict = verify(links)
    one = f"Entry {place + 1} is missing."
    more = f"Entries {place + 1} to {place + count} are missing."
    assert verdict.problem == (one if count == 1 else more)


@given(place=st.integers(1, 19))
def test_verify_when_a_removed_entry_is_covered_up_by_numbers_then_found(place: int) -> None:
    links = chain(20)
    del links[place - 1]
    links = [msgspec.structs.replace(link, seq=number) for number, link in enumerate(links, start=1)]
    assert verify(links).problem == f"Entry {place} was changed, or does not follow entry {place - 1}."


@given(places=st.tuples(st.integers(0, 19), st.integers(0, 19)).filter(lambda p: p[0] < p[1]))
def test_verify_when_two_entries_changed_places_then_found(places: tuple[int, int]) -> None:
    links = chain(20)
    first, second = places
    links[first], links[second] = links[second], links[first]
    verdict = verify(links)
    assert (verdict.ok, verdict.entries) == (False, first)


def test_verify_when_an_entry_stands_twice_then_found() -> None:
    links = chain(5)
    assert verify([*links[:3], links[2], *links[3:]]).problem == "Entry 3 stands after entry 3."


@given(kept=st.integers(0, 19))
def test_verify_when_the_tail_was_cut_then_the_anchor_tells(kept: int) -> None:
    links = chain(20)
    verdict = verify(links[:kept], Anchor(20, links[-1].hash.hex()))
    gone = "Entry 20 is" if kept == 19 else f"Entries {kept + 1} to 20 are"
    assert verdict.problem == f"{gone} missing at the end: the journal was cut."


def test_verify_when_all_was_written_anew_then_the_anchor_tells() -> None:
    anchor = Anchor(3, "ab" * 32)
    problem = verify(chain(5), anchor).problem
    assert problem is not None
    assert problem.startswith("Entry 3 is not the one that was written")
