"""Takes one file in: recognises it, reads its rows, cleans them, and stores what is good with a report of the rest."""

import csv
from collections.abc import Callable, Iterator
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from server.core.errors import Invalid
from server.domain.instruments import Instrument
from server.domain.recordings import ImportJob
from server.feeds.replay.chain_json import chain_rows, json_text
from server.feeds.replay.clean import DayRows, clean, prices_of
from server.feeds.replay.columns import DAY_NS, MAX_ROWS, BadRow, Series, day_of, midnight, text_of, too_many
from server.feeds.replay.found import Found, Reader, Token
from server.feeds.replay.known import Known
from server.feeds.replay.layouts import recognise
from server.feeds.replay.names import Names
from server.feeds.replay.reading import MAX_LINE, Lines, open_lines, refuse
from server.feeds.replay.recordings import Recordings
from server.feeds.replay.tally import Tally
from server.rulebook import Rulebook

__all__ = ("Importer",)

_TELL_EVERY: Final = 20_000
_NEAR_DAYS: Final = 10
_NEAR: Final = 1.2
_MOST_BAD: Final = 0.5

csv.field_size_limit(MAX_LINE)


class Importer:
    """Imports files one after another.

    Args:
        recordings: where days are stored, and what is known from earlier files.
        rules: names, lots, the calendar.
        known: hours and price levels of older days.
    """

    def __init__(self, recordings: Recordings, rules: Rulebook, known: Known) -> None:
        self._recordings = recordings
        self._rules = rules
        self._known = known
        self._names = Names(rules)
        self._lots: dict[tuple[str, date], int | None] = {}

    def take(self, path: Path, job: ImportJob, on_progress: Callable[[int], None] = lambda _: None) -> ImportJob:
        """Import a file; returns the finished report, stored with the days.

        Args:
            path: the file.
            job: as queued: its id, the name the user knows it by, when it came.
            on_progress: called with the rows read so far.

        A file that cannot be used is `failed` with one sentence; nothing of it is stored."""
        work = _Work(self, job.file)
        try:
            done, days, found = self._read(path, job, work, on_progress)
        except Invalid as error:
            detail = f"{error.detail} {error.remedy}".strip()
            failed = msgspec.structs.replace(job, state="failed", detail=detail, report=work.tally.report())
            self._recordings.note(failed)
            return failed
        self._recordings.store(done, days, found)
        return done

    def token(self, token: int) -> Token | None:
        """What a broker's number means."""
        return self._recordings.token(token)

    def lot(self, name: str, expiry: date) -> int | None:
        """Lot of a contract; None = the rulebook does not know it."""
        key = (name, expiry)
        if key not in self._lots:
            try:
                self._lots[key] = self._rules.lot(name, expiry)
            except Invalid:
                self._lots[key] = None
        return self._lots[key]

    @property
    def names(self) -> Names:
        """Names of instruments."""
        return self._names

    def fits(self, instrument: Instrument, day: date, price: float) -> bool | None:
        """Whether an index may have stood there on that day; None = nobody knows."""
        near = self._recordings.near(instrument.key, day, _NEAR_DAYS)
        if near is not None:
            return near / _NEAR <= price <= near * _NEAR
        return self._known.fits(instrument.name, day, price)

    def levels(self, day: date, price: float) -> list[str]:
        """Indices that may have stood at `price`."""
        return self._known.levels(day, price)

    def _read(
        self, path: Path, job: ImportJob, work: "_Work", on_progress: Callable[[int], None]
    ) -> tuple[ImportJob, list[DayRows], Found]:
        with open_lines(path) as lines:
            reader, rows = self._open(lines, work)
            read = bad = 0
            for cells, line in rows:
                read += 1
                if read > MAX_ROWS:
                    raise too_many()
                if read % _TELL_EVERY == 0:
                    on_progress(read)
                try:
                    reader.row(cells, line)
                except BadRow as error:
                    bad += 1
                    work.tally.add("unreadable_row", f"line {line}: {error}: {','.join(cells)}")
        if read == 0:
            raise refuse("it holds no rows", "Choose a file with data in it.")
        if bad > _MOST_BAD * read:
            raise refuse(f"{bad:,} of its {read:,} rows cannot be read", "The report shows one of them.")
        on_progress(read)
        found = reader.finish()
        days = self._days(found, work)
        kept, mended = _lines(days, work.relabelled)
        taken = kept - mended + len(found.daily) + len(found.tokens)
        done = msgspec.structs.replace(
            job,
            state="done",
            kind=reader.kind,
            rows=read,
            taken=taken,
            repaired=mended,
            refused=read - taken - mended,
            report=work.tally.report(),
            days=tuple(sorted({d.day for d in days} | {row.day for row in found.daily})),
            detail=_said(found, days),
        )
        return done, days, found

    def _open(self, lines: Lines, work: "_Work") -> tuple[Reader, Iterator[tuple[list[str], int]]]:
        first = next((line for line in lines if line.strip()), None)
        if first is None:
            raise refuse("it is empty", "Choose a file with data in it.")
        if first.lstrip()[:1] in ("{", "["):
            table, rows = chain_rows(work, json_text(first, lines))
            return table, ((row, at) for at, row in enumerate(rows, 1))
        head = next(_cells(iter([first])))
        reader, heading = recognise(work, head)
        rest = _numbered(lines)
        return reader, rest if heading else chain([(head, lines.number)], rest)

    def _days(self, found: Found, work: "_Work") -> list[DayRows]:
        """Clean every series; days that are copies of another day are left out."""
        days: list[DayRows] = []
        for series in found.series:
            here: dict[bytes, date] = {}
            for day in clean(series, self._known, work.tally):
                twin = here.get(day.fingerprint) or self._twin(day) if day.fingerprint else None
                if twin is not None and self._stale(day, twin, work):
                    continue
                if day.closed:
                    example = f"{day.instrument.symbol}: {day.day:%A %d %b %Y}, {len(day.time)} rows"
                    work.tally.add("not_trading_day", example, len(day.time))
                    continue
                here[day.fingerprint] = day.day
                days.append(day)
        return days

    def _twin(self, day: DayRows) -> date | None:
        return self._recordings.twin(day.instrument.key, day.fingerprint, day.day)

    def _stale(self, day: DayRows, twin: date, work: "_Work") -> bool:
        """Whether the day is the copy; otherwise the later one, taken in before, is thrown out."""
        example = f"{day.instrument.symbol}: {day.day:%A %d %b %Y} is {twin:%A %d %b %Y} again, {len(day.time)} rows"
        if twin < day.day or day.closed:
            work.tally.add("stale_copy", example, len(day.time))
            return True
        self._recordings.drop(twin, day.instrument.key)
        action = f"{twin:%d %b %Y}, taken in before, repeats this day: it was thrown out."
        work.tally.add("stale_copy", example, len(day.time), action=action)
        return False


class _Work:
    """What one file's readers see of the import (`found.Import`)."""

    def __init__(self, importer: Importer, name: str) -> None:
        self._importer = importer
        self.name = name
        self.names = importer.names
        self.tally = Tally()
        self.relabelled: set[str] = set()
        """Keys of instruments whose rows were written under another name."""

    def token(self, token: int) -> Token | None:
        return self._importer.token(token)

    def lot(self, name: str, expiry: date) -> int | None:
        return self._importer.lot(name, expiry)

    def settle(self, written: Instrument | None, called: Instrument | None, series: Series) -> Series:
        """Decide by price where rows and file name disagree or are silent; see `found.Import`."""
        instrument = self._decide(written, called, series)
        return msgspec.structs.replace(series, instrument=instrument)

    def _decide(self, written: Instrument | None, called: Instrument | None, series: Series) -> Instrument:
        day = day_of(int(series.time[0]))
        # of the first day alone: a file of years has no one level
        price = float(np.nanmedian(prices_of(series)[series.time < midnight(day) + DAY_NS]))
        if written is not None and called is not None and written.key != called.key:
            if written.kind == called.kind == "INDEX":
                return self._between(written, called, series, day, price)
            return written  # a token or symbol in the rows is surer than a file's name
        chosen = written or called
        if chosen is None:
            return self._by_price(series, day, price)
        if chosen.kind == "INDEX" and self._importer.fits(chosen, day, price) is False:
            fitting = [name for name in self._importer.levels(day, price) if name != chosen.name]
            hint = f"they would fit {fitting[0]}" if len(fitting) == 1 else "they fit no index known here"
            raise refuse(
                f"prices about {price:,.0f} in {day.year} are not those of {chosen.name}; {hint}",
                "Name the file after the index it holds.",
            )
        return chosen

    def _between(self, written: Instrument, called: Instrument, series: Series, day: date, price: float) -> Instrument:
        fits_written, fits_called = (self._importer.fits(i, day, price) for i in (written, called))
        if fits_written is False and fits_called is False:
            raise refuse(
                f"its rows say {written.name}, its name says {called.name}, and prices about {price:,.0f} are neither",
                "Name the file after the index it holds.",
            )
        right = written if fits_written and fits_called is False else called
        how = "by their level" if fits_written is False or fits_called is False else "by the file's name"
        example = (
            f"line {series.line[0]}: {text_of(int(series.time[0]))} {prices_of(series)[0]:.10g} named {written.name}"
        )
        action = f"Rows say {written.name}, the file's name says {called.name}; the prices are {right.name}'s ({how})."
        self.tally.add("mislabelled", example, len(series), action=action)
        if right is called:
            self.relabelled.add(right.key)
        return right

    def _by_price(self, series: Series, day: date, price: float) -> Instrument:
        fitting = self._importer.levels(day, price)
        if len(fitting) != 1 or (found := self.names.index(fitting[0])) is None:
            raise refuse(
                "neither its rows nor its name say which instrument it is",
                "Name the file after it, as NIFTY.csv, RELIANCE.csv or BANKNIFTY_10JAN2024_47400CE.csv.",
            )
        example = f"line {series.line[0]}: {text_of(int(series.time[0]))} {prices_of(series)[0]:.10g}"
        action = f"Nothing names the instrument; prices about {price:,.0f} in {day.year} are {found.name}'s."
        self.tally.add("unnamed", example, len(series), action=action)
        self.relabelled.add(found.key)
        return found


def _lines(days: list[DayRows], relabelled: set[str]) -> tuple[int, int]:
    """(lines of the file that are kept, those of them that were repaired); a line may hold several prices."""
    if not days:
        return 0, 0
    mended = [day.line if day.instrument.key in relabelled else day.line[day.mended] for day in days]
    return len(np.unique(np.concatenate([day.line for day in days]))), len(np.unique(np.concatenate(mended)))


def _cells(lines: Iterator[str]) -> Iterator[list[str]]:
    try:
        yield from csv.reader(lines)
    except csv.Error as error:
        raise refuse(f"its quotes are broken ({error})", "Save it as CSV again.") from error


def _numbered(lines: Lines) -> Iterator[tuple[list[str], int]]:
    for cells in _cells(lines):
        if any(cell.strip() for cell in cells):
            yield cells, lines.number


def _said(found: Found, days: list[DayRows]) -> str:
    if found.tokens:
        return f"{len(found.tokens):,} instruments can now be told by their number."
    if found.daily:
        return "Kept as reference: closing prices for the days around. A bhavcopy has no ticks to replay."
    if not days:
        return "No row of it could be taken."
    return ""
