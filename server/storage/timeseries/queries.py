"""The SQL of the tick store. Nothing but numbers and names from `spans` is ever put into its text.

Each kind has two tables: arrivals (`*_new`, in order of arrival) and the sorted rest. A bar is replaced by writing it
again: the newest `ver` wins in arrivals, and arrivals win over the rest. Compaction moves arrivals over in sorted form.
"""

# ruff: noqa: S608 - see above: no text from outside

from server.storage.timeseries.spans import DAY, MINUTE, bucket_sql

__all__ = ("COMPACT_BARS", "COMPACT_TICKS", "SCHEMA", "bars_sql", "closing_interest_sql", "ranges_sql", "ticks_sql")

_BAR = "start_ns, open, high, low, close, volume, oi"
_TICK = "series, time_ns, ltp, bid, ask, volume, oi"
_BARS = """
    series INTEGER NOT NULL, span INTEGER NOT NULL, start_ns BIGINT NOT NULL, open DOUBLE NOT NULL,
    high DOUBLE NOT NULL, low DOUBLE NOT NULL, close DOUBLE NOT NULL, volume BIGINT NOT NULL, oi BIGINT NOT NULL"""
_TICKS = """
    series INTEGER NOT NULL, time_ns BIGINT NOT NULL, ltp DOUBLE NOT NULL, bid DOUBLE, ask DOUBLE,
    volume BIGINT NOT NULL, oi BIGINT NOT NULL"""

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS series (id INTEGER NOT NULL, market VARCHAR NOT NULL, key VARCHAR NOT NULL)",
    f"CREATE TABLE IF NOT EXISTS bars ({_BARS})",
    f"CREATE TABLE IF NOT EXISTS bars_new ({_BARS}, ver BIGINT NOT NULL)",
    f"CREATE TABLE IF NOT EXISTS ticks ({_TICKS})",
    f"CREATE TABLE IF NOT EXISTS ticks_new ({_TICKS})",
)

COMPACT_BARS = (
    # only where history is written anew do arrivals meet rows of the same bars; zone maps make it cheap otherwise
    """DELETE FROM bars USING (SELECT DISTINCT series, span, start_ns FROM bars_new) AS n
       WHERE bars.start_ns BETWEEN (SELECT min(start_ns) FROM bars_new) AND (SELECT max(start_ns) FROM bars_new)
         AND bars.series = n.series AND bars.span = n.span AND bars.start_ns = n.start_ns""",
    f"""INSERT INTO bars SELECT series, span, {_BAR} FROM bars_new
        QUALIFY row_number() OVER (PARTITION BY series, span, start_ns ORDER BY ver DESC) = 1
        ORDER BY span, series, start_ns""",
    "DELETE FROM bars_new",
)
COMPACT_TICKS = (
    f"INSERT INTO ticks SELECT DISTINCT {_TICK} FROM ticks_new ORDER BY series, time_ns, volume",
    "DELETE FROM ticks_new",
)


def ticks_sql() -> str:
    """(time_ns, ltp, volume): the newest `$limit` ticks of `$series` in [$start, $end), oldest first.

    The same tick recorded twice (a replay run again) is one tick."""
    both = " UNION ".join(
        f"SELECT time_ns, ltp, volume FROM {table} WHERE series = $series AND time_ns >= $start AND time_ns < $end"
        for table in ("ticks", "ticks_new")
    )
    return f"SELECT * FROM (SELECT * FROM ({both}) ORDER BY time_ns DESC, volume DESC LIMIT $limit) ORDER BY 1, 3"


def closing_interest_sql() -> str:
    """(series, open interest): the newest above zero before $before: daily bars since $since, minutes since $late."""
    both = " UNION ALL ".join(
        f"""SELECT series, start_ns, oi FROM {table} WHERE oi > 0 AND start_ns < $before
            AND ((span = {DAY} AND start_ns >= $since) OR (span = {MINUTE} AND start_ns >= $late))"""
        for table in ("bars", "bars_new")
    )
    return f"SELECT series, arg_max(oi, start_ns) FROM ({both}) GROUP BY series"


def ranges_sql() -> str:
    """(series, open, high, low) of the minutes that begin in [$start, $end)."""
    where = f"WHERE span = {MINUTE} AND start_ns >= $start AND start_ns < $end"
    return f"""SELECT series, arg_min(open, start_ns), max(high), min(low) FROM (
        SELECT * FROM (
            SELECT series, start_ns, open, high, low, -1 AS ver FROM bars {where} UNION ALL
            SELECT series, start_ns, open, high, low, ver FROM bars_new {where}
        ) QUALIFY row_number() OVER (PARTITION BY series, start_ns ORDER BY ver DESC) = 1
    ) GROUP BY series"""


def bars_sql(span: int) -> str:
    """Bars of `$series` that begin in [$start, $end), the newest `$limit`, oldest first.

    Bars stored in this length come first; what is missing is folded from minute bars, or, below a minute, from
    one-second bars and then from ticks. Nothing at or after `$end` is folded in: a replay never sees its future."""
    parts = [_stored(span)]
    if span > MINUTE:
        source = _stored(MINUTE) if span <= DAY else _ranked([_stored(DAY), _folded(DAY, _stored(MINUTE))])
        parts.append(_folded(span, source))
    elif span < MINUTE:
        if span > 1:
            parts.append(_folded(span, _stored(1)))
        parts.append(_from_ticks(span))
    newest = f"SELECT * FROM ({_ranked(parts)}) WHERE start_ns >= $start ORDER BY start_ns DESC LIMIT $limit"
    return f"SELECT {_BAR} FROM ({newest}) ORDER BY start_ns"


def _stored(span: int) -> str:
    where = f"WHERE series = $series AND span = {span} AND start_ns >= $start AND start_ns < $end"
    return f"""SELECT {_BAR} FROM (
        SELECT {_BAR}, -1 AS ver FROM bars {where} UNION ALL SELECT {_BAR}, ver FROM bars_new {where}
    ) QUALIFY row_number() OVER (PARTITION BY start_ns ORDER BY ver DESC) = 1"""


def _ranked(parts: list[str]) -> str:
    """Parts put together; of two bars with one start the one of the earlier part stays."""
    if len(parts) == 1:
        return parts[0]
    union = " UNION ALL ".join(f"SELECT *, {rank} AS rank FROM ({part})" for rank, part in enumerate(parts))
    return f"""SELECT {_BAR} FROM ({union})
        QUALIFY row_number() OVER (PARTITION BY start_ns ORDER BY rank) = 1"""


def _folded(span: int, source: str) -> str:
    return f"""SELECT bucket AS start_ns, arg_min(open, start_ns) AS open, max(high) AS high, min(low) AS low,
        arg_max(close, start_ns) AS close, sum(volume)::BIGINT AS volume, arg_max(oi, start_ns) AS oi
        FROM (SELECT *, {bucket_sql(span, "start_ns")} AS bucket FROM ({source})) GROUP BY bucket"""


def _from_ticks(span: int) -> str:
    """Volume of a tick is cumulative for the day; what a first tick had before it is not known and counts as none."""
    each = " UNION ".join(
        f"SELECT time_ns, ltp, volume, oi FROM {table} WHERE series = $series AND time_ns >= $start AND time_ns < $end"
        for table in ("ticks", "ticks_new")
    )
    return f"""SELECT bucket AS start_ns, first(ltp ORDER BY time_ns, volume) AS open, max(ltp) AS high,
        min(ltp) AS low, last(ltp ORDER BY time_ns, volume) AS close, sum(traded)::BIGINT AS volume,
        last(oi ORDER BY time_ns, volume) AS oi
        FROM (SELECT *, {bucket_sql(span, "time_ns")} AS bucket,
              coalesce(greatest(volume - lag(volume) OVER (ORDER BY time_ns, volume), 0), 0) AS traded FROM ({each}))
        GROUP BY bucket"""
