"""NSE's own chains: its volatility column given back by its own recipe, and parity's forward better than its 10 %."""

import numpy as np
import pandas as pd
import pytest

from server.options import implied_volatility
from tests.real_chains import RATE, chain_2019, chain_2023, chain_2025, forwards_of, with_forwards
from tests.shared import shared

CHAINS = {
    "2019": ("data/option_chain/nse_web_2019/NIFTY_2019-07-30.csv.gz", chain_2019),
    "2025": ("data/option_chain/nse_api_2025/NIFTY_2025-11-06.csv.gz", chain_2025),
}


@pytest.mark.parametrize("year", CHAINS)
def test_implied_volatility_when_given_the_exchanges_recipe_then_its_column_comes_back(year: str) -> None:
    path, read = CHAINS[year]
    rows = with_forwards(read(shared(path)))
    days = (rows["expiry"] - rows["t"].dt.normalize()).dt.days
    quoted = (rows["bid"] > 0) & (rows["ask"] >= rows["bid"]) & (rows["exchange_iv"] > 0) & (rows["last"] > 0)
    rows = rows[quoted & (days >= 2) & ((rows["K"] / rows["F"] - 1).abs() < 0.03)].reset_index(drop=True)
    days = (rows["expiry"] - rows["t"].dt.normalize()).dt.days.to_numpy()
    strike, flag = rows["K"].to_numpy(), rows["flag"].to_numpy()
    assert len(rows) > 300
    theirs = 100 * implied_volatility(rows["S"].to_numpy(), strike, days / 365, 0.10, flag, rows["last"])
    gap = theirs - rows["exchange_iv"].to_numpy()
    assert abs(np.nanmedian(gap)) < 0.1
    assert np.nanmedian(np.abs(gap)) < 0.4
    # by the chain's own forward a call and a put at one strike agree far better than in the exchange's column
    mid = 0.5 * (rows["bid"] + rows["ask"])
    ours = 100 * implied_volatility(rows["F"].to_numpy(), strike, rows["T"].to_numpy(), RATE, flag, mid, q=RATE)
    table = rows.assign(ours=ours).pivot_table(
        index=["t", "expiry", "K"], columns="flag", values=["ours", "exchange_iv"]
    )
    sides = {name: np.nanmedian(np.abs(table[name][1.0] - table[name][-1.0])) for name in ("ours", "exchange_iv")}
    assert sides["ours"] < 0.3 * sides["exchange_iv"]


def test_forward_when_laid_beside_the_futures_of_the_day_then_within_five_basis_points() -> None:
    rows = chain_2023(shared("data/option_chain/json/nse_option_chain_BANKNIFTY_2023-05-03.json.gz"))
    table, _ = forwards_of(rows)
    forward = table.set_index("expiry")["F"]
    # closes of the futures, NSE's bhavcopy of the day
    for expiry, close in (("2023-05-25", 43_311.6), ("2023-06-29", 43_456.05), ("2023-07-27", 43_582.95)):
        assert forward[pd.Timestamp(expiry)] == pytest.approx(close, rel=5e-4)
