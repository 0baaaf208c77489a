"""Our volatilities and forwards beside the exchange's own: NSE's chains of 2019 and 2025. Prints markdown tables.

The exchange's column was found to be Black-Scholes on the spot at 10 % a year without dividends, with whole days to
expiry, from the last traded price; with that recipe our solver gives its numbers back. Ours differ from it because
they take the forward that the chain itself implies, minutes, and the middle of the market: then a call and a put at one
strike show one volatility, as they must.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from server.options import implied_volatility
from tests.real_chains import RATE, chain_2019, chain_2023, chain_2024, chain_2025, forwards_of, with_forwards
from tests.shared import shared

__all__ = ("main",)

EXCHANGE_RATE = 0.10
NEAR = 0.03
"""Strikes within so much of the forward count; the exchange leaves most others without a figure."""


def main() -> None:
    """Read, compute, print."""
    sets: dict[str, list[pd.DataFrame]] = {}
    for name in ("NIFTY", "BANKNIFTY"):
        paths = files("data/option_chain/nse_web_2019", f"{name}_2019-*.csv.gz")
        sets[f"{name} Jul-Aug 2019"] = [chain_2019(p) for p in paths]
    sets["NIFTY Oct-Dec 2025"] = [chain_2025(p) for p in files("data/option_chain/nse_api_2025", "NIFTY_*.csv.gz")]
    print("Volatility, in points; strikes within 3 % of the forward, a day or more to expiry, quoted on both sides.\n")
    print(
        "| chains | rows | ours less exchange: median call / put | size: median, 95 % "
        "| exchange's recipe in our solver: median call / put | size: median, 95 % "
        "| call less put at one strike, size: exchange, ours |"
    )
    print("|---|---|---|---|---|---|---|")
    for name, parts in sets.items():
        print(volatility_row(name, pd.concat([with_forwards(p) for p in parts], ignore_index=True)))
    print("\nForward by parity less the day's close of the future of that expiry:\n")
    print("| at | underlying | expiry | spot | forward | pairs | future | difference | of the future, bp |")
    print("|---|---|---|---|---|---|---|---|---|")
    print("\n".join(forward_rows()))
    print("\nWhat parity says the index carries, NIFTY Oct-Dec 2025 (forward over spot, % a year):\n")
    print("| days to expiry | forwards | median | quarter to three quarters | pairs each |")
    print("|---|---|---|---|---|")
    print("\n".join(carry_rows(sets["NIFTY Oct-Dec 2025"])))


def files(folder: str, pattern: str) -> list[Path]:
    return sorted(shared(folder).glob(pattern))


def volatility_row(name: str, rows: pd.DataFrame) -> str:
    """One line of the first table."""
    days = (rows["expiry"] - rows["t"].dt.normalize()).dt.days
    two_sided = (rows["bid"] > 0) & (rows["ask"] >= rows["bid"])
    sound = two_sided & (rows["exchange_iv"] > 0) & (rows["last"] > 0) & (days >= 1)
    sound &= (rows["K"] / rows["F"] - 1).abs() < NEAR
    rows, days = rows[sound].reset_index(drop=True), days[sound].to_numpy()
    mid = 0.5 * (rows["bid"] + rows["ask"])
    strike, flag, shown = rows["K"].to_numpy(), rows["flag"].to_numpy(), rows["exchange_iv"].to_numpy()
    ours = 100 * implied_volatility(rows["F"].to_numpy(), strike, rows["T"].to_numpy(), RATE, flag, mid, q=RATE)
    recipe = 100 * implied_volatility(rows["S"].to_numpy(), strike, days / 365, EXCHANGE_RATE, flag, rows["last"])
    cells = [name, f"{len(rows):,}"]
    for gap in (ours - shown, recipe - shown):
        call, put = (np.nanmedian(gap[flag == f]) for f in (1, -1))
        size = np.abs(gap[np.isfinite(gap)])
        cells += [f"{call:+.2f} / {put:+.2f}", f"{np.median(size):.2f}, {np.percentile(size, 95):.2f}"]
    both = rows.assign(ours=ours, shown=shown).pivot_table(
        index=["t", "expiry", "K"], columns="flag", values=["ours", "shown"]
    )
    gaps = [np.nanmedian(np.abs(both[c][1.0] - both[c][-1.0])) for c in ("shown", "ours")]
    cells.append(f"{gaps[0]:.2f}, {gaps[1]:.2f}")
    return f"| {' | '.join(cells)} |"


def forward_rows() -> list[str]:
    """The second table: the only chains here whose expiry has a future with a known close."""
    futures = pd.read_csv(shared("data/bhavcopy/index_futures_daily_public.csv.gz"))
    futures["expiry"] = pd.to_datetime(futures["expiry"], format="mixed")
    close = futures.set_index(["date", "symbol", "expiry"])["close"]
    folder = "data/option_chain"
    chains = {
        name: chain_2019(shared(f"{folder}/nse_web_2019/{name}_2019-07-25.csv.gz"), "2019-07-25")
        for name in ("NIFTY", "BANKNIFTY")
    }
    found: list[tuple[str, pd.DataFrame]] = []
    for name, rows in chains.items():
        # expiry day; at 15:15, since at 15:30 no time is left
        found.append((name, rows[(rows["t"].dt.hour == 15) & (rows["expiry"] == "2019-07-25")]))
    found.append(("BANKNIFTY", chain_2023(shared(f"{folder}/json/nse_option_chain_BANKNIFTY_2023-05-03.json.gz"))))
    broker = shared(f"{folder}/json/upstox_option_chain_NIFTY_exp2024-06-27.json.gz")
    found.append(("NIFTY", chain_2024(broker, "2024-06-26 15:30")))
    lines, gaps = [], []
    for name, rows in found:
        table, forwards = forwards_of(rows)
        for line, pairs in zip(table.itertuples(), forwards.pairs, strict=True):
            key = (f"{line.t:%Y-%m-%d}", name, line.expiry)
            if pairs and key in close.index:
                gap = line.F - close[key]
                points = 1e4 * gap / close[key]
                gaps.append(abs(points))
                lines.append(
                    f"| {line.t:%Y-%m-%d %H:%M} | {name} | {line.expiry:%Y-%m-%d} | {line.S:.2f} | {line.F:.2f} "
                    f"| {pairs} | {close[key]:.2f} | {gap:+.2f} | {points:+.1f} |"
                )
    return [*lines, f"| median size | | | | | | | | {np.median(gaps):.1f} |"]


def carry_rows(parts: list[pd.DataFrame]) -> list[str]:
    """The third table."""
    frames = []
    for part in parts:
        table, forwards = forwards_of(part)
        frames.append(table.assign(pairs=forwards.pairs))
    table = pd.concat(frames)
    table = table[(table["pairs"] >= 5) & (table["T"] > 3 / 365)]
    table["carry"] = 100 * np.log(table["F"] / table["S"]) / table["T"]
    table["bucket"] = pd.cut(table["T"] * 365, [3, 8, 15, 22, 36], labels=["3-8", "8-15", "15-22", "22-36"])
    lines = []
    for bucket, group in table.groupby("bucket", observed=True):
        low, middle, high = np.percentile(group["carry"], (25, 50, 75))
        lines.append(
            f"| {bucket} | {len(group)} | {middle:.1f} | {low:.1f} to {high:.1f} | {group['pairs'].median():.0f} |"
        )
    return lines


if __name__ == "__main__":
    main()
