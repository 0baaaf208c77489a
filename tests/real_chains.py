"""Real option chains as frames of rows, from ../shared: NSE's web page of 2019, its API of 2023 and 2025, a broker's.

One row a contract and snapshot: t (naive IST), expiry (its day), K, S, flag, exchange_iv (per cent), last, bid, ask,
liquidity (open interest). What the exchange showed as "-" or 0 is NaN.
"""

import gzip
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from server.options.forwards import Forwards, implied_forwards

__all__ = ("RATE", "chain_2019", "chain_2023", "chain_2024", "chain_2025", "forwards_of", "with_forwards", "years")

F8 = npt.NDArray[np.float64]
RATE = 0.065
"""Discount rate of our own figures; parity makes all but the discounting of time value independent of it."""
_CLOSE = pd.Timedelta(hours=15, minutes=30)
_YEAR = pd.Timedelta(days=365)


def chain_2019(path: Path, default: str | None = None) -> pd.DataFrame:
    """A file of `option_chain/nse_web_2019`. `default`: the day (ISO) that rows of the page's default expiry are for;
    None leaves them out, since but for one day they repeat those of the next weekly expiry."""
    raw = pd.read_csv(path)
    named = raw["expiry"].where(raw["expiry"] != "DEFAULT")
    expiry = pd.to_datetime(named, format="%d%b%Y")
    if default is not None:
        expiry = expiry.fillna(pd.Timestamp(default))
    raw = raw.assign(t=pd.to_datetime(raw["snapshot"]), expiry=expiry).dropna(subset=["expiry"])
    names = {"IV": "exchange_iv", "LTP": "last", "BidPrice": "bid", "AskPrice": "ask", "OI": "liquidity"}
    return _stack(raw, "StrikePrice", "CurrentVal", {1.0: "Call", -1.0: "Put"}, names)


def chain_2023(path: Path) -> pd.DataFrame:
    """The API's own JSON: `option_chain/json/nse_option_chain_BANKNIFTY_2023-05-03.json.gz`."""
    with gzip.open(path) as file:
        records = json.load(file)["records"]
    raw = pd.json_normalize(records["data"])
    raw = raw.assign(
        t=pd.to_datetime(records["timestamp"], format="%d-%b-%Y %H:%M:%S"),
        expiry=pd.to_datetime(raw["expiryDate"], format="%d-%b-%Y"),
        spot=records["underlyingValue"],
    )
    names = {
        "impliedVolatility": "exchange_iv",
        "lastPrice": "last",
        "bidprice": "bid",
        "askPrice": "ask",
        "openInterest": "liquidity",
    }
    return _stack(raw, "strikePrice", "spot", {1.0: "CE.", -1.0: "PE."}, names)


def chain_2024(path: Path, at: str) -> pd.DataFrame:
    """A broker's JSON: `option_chain/json/upstox_option_chain_NIFTY_exp2024-06-27.json.gz`; it tells no time, so `at`
    does."""
    with gzip.open(path) as file:
        raw = pd.json_normalize(json.load(file)["data"])
    raw = raw.assign(t=pd.Timestamp(at), expiry=pd.to_datetime(raw["expiry"]))
    names = {
        "option_greeks.iv": "exchange_iv",
        "market_data.ltp": "last",
        "market_data.bid_price": "bid",
        "market_data.ask_price": "ask",
        "market_data.oi": "liquidity",
    }
    return _stack(raw, "strike_price", "underlying_spot_price", {1.0: "call_options.", -1.0: "put_options."}, names)


def chain_2025(path: Path) -> pd.DataFrame:
    """A file of `option_chain/nse_api_2025`."""
    raw = pd.read_csv(path)
    raw = raw.assign(t=pd.to_datetime(raw["snapshot_ist"]), expiry=pd.to_datetime(raw["expiryDate"], format="%d-%b-%Y"))
    names = {"IV": "exchange_iv", "LTP": "last", "BID": "bid", "ASK": "ask", "OI": "liquidity"}
    return _stack(raw, "strikePrice", "underlying", {1.0: "CE_", -1.0: "PE_"}, names)


def _stack(raw: pd.DataFrame, strike: str, spot: str, sides: dict[float, str], names: dict[str, str]) -> pd.DataFrame:
    parts = []
    for flag, prefix in sides.items():
        part = pd.DataFrame({"t": raw["t"], "expiry": raw["expiry"], "flag": flag})
        part["K"], part["S"] = pd.to_numeric(raw[strike]), pd.to_numeric(raw[spot], errors="coerce")
        for name, ours in names.items():
            column = pd.to_numeric(raw[prefix + name], errors="coerce")
            part[ours] = column.where(column > 0)
        parts.append(part)
    rows = pd.concat(parts, ignore_index=True)
    # the API leaves the spot out where one side of a strike is not listed
    rows["S"] = rows["S"].fillna(rows.groupby("t")["S"].transform("median"))
    minute = rows["t"].dt.hour * 60 + rows["t"].dt.minute
    trading = (minute >= 9 * 60 + 20) & (minute <= 15 * 60 + 30)
    return rows[trading & (rows["t"] < rows["expiry"] + _CLOSE)].reset_index(drop=True)


def years(rows: pd.DataFrame) -> F8:
    """Calendar years to 15:30 of the expiry day."""
    return np.asarray((rows["expiry"] + _CLOSE - rows["t"]) / _YEAR, float)


def forwards_of(rows: pd.DataFrame) -> tuple[pd.DataFrame, Forwards]:
    """(a row a snapshot and expiry with T and S, their forwards)."""
    keys = ["t", "expiry", "K"]
    call, put = (rows[rows["flag"] == f].drop_duplicates(keys).set_index(keys) for f in (1.0, -1.0))
    pairs = call.join(put, lsuffix="_call", rsuffix="_put", how="inner").reset_index()
    groups = pairs.groupby(["t", "expiry"], sort=True)
    table = groups["S_call"].first().rename("S").reset_index()
    table["T"] = years(table)
    found = implied_forwards(
        groups.ngroup().to_numpy(),
        *(pairs[c].to_numpy(float) for c in ("K", "bid_call", "ask_call", "bid_put", "ask_put")),
        years=table["T"].to_numpy(),
        rate=RATE,
        spot=table["S"].to_numpy(),
        liquidity=np.nan_to_num(pairs[["liquidity_call", "liquidity_put"]].min(axis=1).to_numpy(float)),
    )
    return table.assign(F=found.value), found


def with_forwards(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with T and the forward F of their snapshot and expiry."""
    table, _ = forwards_of(rows)
    return rows.merge(table.drop(columns="S"), on=["t", "expiry"], how="inner")
