"""Option chains, the builder and volatility over HTTP, on the running simulated market."""

from typing import Any

import pytest

from tests.api_kit import ACCOUNT, Served

OPTIONS = "/api/v1/options"
EXPIRY = "2026-12-01"


def condor(sauda: Served, **change: Any) -> list[dict[str, Any]]:
    """Legs of an iron condor as requests take them."""
    body = {"underlying": "NIFTY", "expiry": EXPIRY, **change}
    made = sauda.send("POST", f"{OPTIONS}/templates/iron_condor", body)
    return [{name: leg[name] for name in ("key", "side", "lots")} for leg in made["legs"]]


def test_underlyings_when_listed_then_indices_come_first(sauda: Served) -> None:
    items = sauda.get(OPTIONS)["items"]
    kinds = [item["kind"] for item in items]
    assert kinds == sorted(kinds, key=lambda kind: kind != "INDEX")
    assert items[0]["key"] == "NSE_INDEX:NIFTY"
    assert all(item["expiries"] and item["lot"] > 0 for item in items)


def test_chain_when_read_by_name_or_key_then_about_the_money_with_figures(sauda: Served) -> None:
    chain = sauda.get(f"{OPTIONS}/NIFTY", strikes=5, expiry=EXPIRY)
    assert len(chain["rows"]) == 11
    strikes = [float(row["strike"]) for row in chain["rows"]]
    assert strikes == sorted(strikes)
    assert strikes[5] == chain["summary"]["atm_strike"]
    for row in chain["rows"]:
        call, put = row["ce"], row["pe"]
        assert call["iv"] == pytest.approx(put["iv"], abs=0.01)
        assert call["delta"] - put["delta"] == pytest.approx(1.0, abs=0.03)
        assert isinstance(call["ltp"], str)
        assert call["age"] is not None
    summary = chain["summary"]
    for name in ("forward", "atm_iv", "straddle", "expected_move", "pcr_oi", "max_pain", "gex", "skew"):
        assert isinstance(summary[name], float), name
    assert chain["fit"]["inside"] >= 0.9
    same = sauda.get(f"{OPTIONS}/NSE_INDEX:NIFTY", strikes=5, expiry=EXPIRY)
    assert [row["strike"] for row in same["rows"]] == [row["strike"] for row in chain["rows"]]
    whole = sauda.get(f"{OPTIONS}/NIFTY", strikes=0, expiry=EXPIRY)
    assert len(whole["rows"]) > 40


def test_chain_when_asked_again_at_once_then_the_kept_answer_comes_with_its_age(sauda: Served) -> None:
    def hits() -> int:
        kinds = sauda.get("/api/v1/analytics/cache")["items"]
        return next(int(kind["hits"]) for kind in kinds if kind["kind"] == "option chain")

    sauda.get(f"{OPTIONS}/BANKNIFTY")
    before = hits()
    assert sauda.get(f"{OPTIONS}/BANKNIFTY")["age"] >= 0
    assert hits() == before + 1


@pytest.mark.parametrize(
    ("path", "code", "field"),
    [
        ("NOPE", "underlying.unknown", "underlying"),
        ("INDIAVIX", "underlying.unknown", "underlying"),
        ("BSE:NIFTY", "underlying.unknown", "underlying"),
        ("NIFTY?expiry=2026-11-19", "chain.unknown", "expiry"),
        ("NIFTY?expiry=2031-01-01", "chain.unknown", "expiry"),
        ("NIFTY?market=mars", "market.unknown", "market"),
        ("NIFTY/smile?expiry=2026-11-19", "chain.unknown", "expiry"),
        ("NOPE/surface", "underlying.unknown", "underlying"),
        ("NOPE/term", "underlying.unknown", "underlying"),
        ("NIFTY/straddle?strike=1", "options.no_strike", "strike"),
    ],
)
def test_chain_when_it_is_not_listed_then_a_sentence_says_what_is(
    sauda: Served, path: str, code: str, field: str
) -> None:
    problem = sauda.problem("GET", f"{OPTIONS}/{path}", status=404)
    assert (problem.code, problem.field) == (code, field)
    assert problem.remedy


def test_payoff_when_a_condor_is_built_then_its_figures_agree_with_each_other(sauda: Served) -> None:
    legs = condor(sauda)
    built = sauda.send("POST", f"{OPTIONS}/payoff", {"legs": legs, "dates": ["2026-11-25"]})
    assert built["recognised"]["key"] == "iron_condor"
    assert [curve["at"] for curve in built["curves"]] == ["now", "date", "expiry"]
    outcome = built["outcome"]
    # a credit: the most to win is what was received
    assert float(built["net_premium"]) == pytest.approx(-outcome["max_profit"])
    strikes = sorted(float(leg["strike"]) for leg in built["legs"])
    width = max(strikes[1] - strikes[0], strikes[3] - strikes[2])
    assert outcome["max_loss"] == pytest.approx(outcome["max_profit"] - width * abs(built["legs"][0]["quantity"]))
    low, high = outcome["breakevens"]
    assert strikes[0] < low < strikes[1] < strikes[2] < high < strikes[3]
    assert not outcome["profit_unbounded"]
    assert not outcome["loss_unbounded"]
    assert 0.3 < built["probability"]["lognormal"] < 1
    assert built["probability"]["smile"] == pytest.approx(built["probability"]["lognormal"], abs=0.1)
    assert max(built["curves"][2]["values"]) <= outcome["max_profit"] + 0.01
    assert built["curves"][0]["values"][0] != built["curves"][2]["values"][0]
    margin = {name: float(value) for name, value in built["margin"].items()}
    assert 0 < margin["final"] <= margin["initial"] < margin["alone"]
    assert margin["benefit"] > 0
    assert float(built["charges"]["total"]) > 0
    sides = [legs[n]["side"] for n in built["order"]]
    assert sides == ["BUY", "BUY", "SELL", "SELL"]
    one, two = built["bands"]["one"], built["bands"]["two"]
    assert two[0] < one[0] < built["spot"] < one[1] < two[1]


def test_payoff_when_a_call_is_sold_alone_then_the_loss_is_said_to_be_unbounded(sauda: Served) -> None:
    call = sauda.get(f"{OPTIONS}/NIFTY", strikes=2, expiry=EXPIRY)["rows"][2]["ce"]["key"]
    built = sauda.send("POST", f"{OPTIONS}/payoff", {"legs": [{"key": call, "side": "SELL", "lots": 2}]})
    assert built["outcome"]["loss_unbounded"]
    assert built["outcome"]["max_loss"] is None
    assert built["greeks"]["delta"] < 0 < built["greeks"]["theta"]


def test_payoff_when_volatility_is_shifted_then_a_short_straddle_loses(sauda: Served) -> None:
    row = sauda.get(f"{OPTIONS}/NIFTY", strikes=1, expiry=EXPIRY)["rows"][1]
    legs = [{"key": row[side]["key"], "side": "SELL", "lots": 1} for side in ("ce", "pe")]
    flat, risen = (
        sauda.send("POST", f"{OPTIONS}/payoff", {"legs": legs, "iv_shift": shift})["point"]["profit_now"]
        for shift in (0.0, 0.05)
    )
    assert risen < flat - 1_000


def test_payoff_when_the_account_holds_a_hedge_then_a_sale_takes_less_margin(sauda: Served) -> None:
    chain = sauda.get(f"{OPTIONS}/NIFTY", strikes=8, expiry=EXPIRY)
    wing, sold = chain["rows"][14]["ce"]["key"], chain["rows"][10]["ce"]["key"]
    legs = [{"key": sold, "side": "SELL", "lots": 1}]
    sauda.order(key=wing, quantity=chain["lot"], product="NRML")
    sauda.until(lambda: any(p["key"] == wing for p in sauda.get("/api/v1/positions")["items"]))
    bare = sauda.send("POST", f"{OPTIONS}/payoff", {"legs": legs})["margin"]
    hedged = sauda.send("POST", f"{OPTIONS}/payoff", {"legs": legs, "account": ACCOUNT})["margin"]
    assert float(hedged["final"]) < float(bare["final"]) / 2


@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        ({"legs": []}, 400, "options.legs", "legs"),
        ({"lots": 0}, 400, "options.lots", "legs[0].lots"),
        ({"lots": -3}, 400, "options.lots", "legs[0].lots"),
        ({"key": "NFO:NIFTY19NOV2624500CE"}, 404, "instrument.unknown", "legs[0].key"),
        ({"key": "NSE_INDEX:NIFTY"}, 400, "options.not_derivative", "legs[0].key"),
        ({"price": "-1"}, 400, "options.price", "legs[0].price"),
        ({"price": "NaN"}, 400, "options.price", "legs[0].price"),
        ({"price": "1e400"}, 400, "options.price", "legs[0].price"),
        ({"lots": 10**12}, 400, "options.lots", "legs[0].lots"),
        ({"key": ""}, 404, "instrument.unknown", "legs[0].key"),
        ({"iv": 0.0}, 400, "options.range", "legs[0].iv"),
        ({"dates": ["2026-11-19"]}, 400, "options.date", "dates[0]"),
        ({"dates": ["2027-06-01"]}, 400, "options.date", "dates[0]"),
        ({"spots": {"low": 5, "high": 1}}, 400, "options.range", "spots"),
        ({"spot": -1.0}, 400, "options.range", "spot"),
        ({"iv_shift": 99.0}, 400, "options.range", "iv_shift"),
        ({"market": "mars"}, 404, "market.unknown", "market"),
        ({"account": "nobody"}, 404, "account.unknown", "account"),
    ],
)
def test_payoff_when_the_input_is_bad_then_one_sentence_names_it(
    sauda: Served, change: dict[str, Any], status: int, code: str, field: str
) -> None:
    leg = {**condor(sauda)[0], **{n: v for n, v in change.items() if n in ("lots", "key", "price", "iv")}}
    body = {"legs": [leg], **{n: v for n, v in change.items() if n not in ("lots", "key", "price", "iv")}}
    problem = sauda.problem("POST", f"{OPTIONS}/payoff", body, status)
    assert (problem.code, problem.field) == (code, field)


def test_payoff_when_legs_are_on_two_underlyings_then_refused(sauda: Served) -> None:
    legs = [condor(sauda)[0], {"key": "NSE:RELIANCE", "side": "BUY", "lots": 1}]
    assert sauda.problem("POST", f"{OPTIONS}/payoff", {"legs": legs}).code == "options.mixed"


def test_scenarios_when_asked_then_the_grid_has_its_shape_and_agrees_with_the_payoff(sauda: Served) -> None:
    legs = condor(sauda)
    asked = {"low": 24_000.0, "high": 25_000.0, "count": 11}
    found = sauda.send(
        "POST",
        f"{OPTIONS}/scenarios",
        {"legs": legs, "spots": asked, "iv_shifts": [-0.02, 0, 0.02], "dates": ["2026-11-20", EXPIRY]},
    )
    assert (len(found["profit"]), len(found["profit"][0]), len(found["profit"][0][0])) == (2, 3, 11)
    assert found["profit"][1][0] == found["profit"][1][2]  # at expiry volatility has no say
    built = sauda.send("POST", f"{OPTIONS}/payoff", {"legs": legs, "spots": asked})
    assert found["profit"][1][1] == pytest.approx(built["curves"][-1]["values"], abs=60)


def test_templates_when_put_on_the_chain_then_each_gives_what_it_is_called(sauda: Served) -> None:
    items = sauda.get(f"{OPTIONS}/templates")["items"]
    assert len(items) >= 25
    assert {item["view"] for item in items} == {"bullish", "bearish", "neutral", "volatile"}
    for key in ("bull_call_spread", "iron_condor", "short_straddle", "long_strangle", "iron_butterfly"):
        made = sauda.send("POST", f"{OPTIONS}/templates/{key}", {"underlying": "NIFTY", "lots": 2})
        legs = [{name: leg[name] for name in ("key", "side", "lots")} for leg in made["legs"]]
        built = sauda.send("POST", f"{OPTIONS}/payoff", {"legs": legs})
        assert (built["recognised"]["key"], built["recognised"]["lots"]) == (key, 2)


def test_templates_when_shifted_then_every_strike_moves(sauda: Served) -> None:
    def strikes(**change: Any) -> list[float]:
        body = {"underlying": "NIFTY", "expiry": EXPIRY, **change}
        return [float(leg["strike"]) for leg in sauda.send("POST", f"{OPTIONS}/templates/iron_condor", body)["legs"]]

    plain, up = strikes(), strikes(shift=2)
    assert [round(b - a) for a, b in zip(plain, up, strict=True)] == [100] * 4
    narrow, wide = strikes(delta=0.35), strikes(delta=0.1)
    assert wide[2] - wide[1] > narrow[2] - narrow[1]
    legs = condor(sauda)
    moved = sauda.send("POST", f"{OPTIONS}/legs/shift", {"legs": legs, "steps": -1, "only": [0]})["legs"]
    assert float(moved[0]["strike"]) == plain[0] - 50
    assert float(moved[1]["strike"]) == plain[1]
    nearer = sauda.send("POST", f"{OPTIONS}/legs/shift", {"legs": legs, "index": 1, "delta": 0.45})["legs"]
    assert float(nearer[1]["strike"]) > plain[1]


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("templates/nope", {"underlying": "NIFTY"}, 404, "options.template"),
        ("templates/iron_condor", {"underlying": "NOPE"}, 404, "underlying.unknown"),
        ("templates/iron_condor", {"underlying": "NIFTY", "expiry": "2026-11-19"}, 404, "chain.unknown"),
        ("templates/iron_condor", {"underlying": "NIFTY", "lots": 0}, 400, "options.lots"),
        ("templates/iron_condor", {"underlying": "NIFTY", "shift": 400}, 400, "options.no_strike"),
        ("templates/iron_condor", {"underlying": "NIFTY", "delta": 1.5}, 400, "options.delta"),
        ("screen", {"underlying": "NIFTY", "direction": "up", "move": 0.0, "until": EXPIRY}, 400, "options.view"),
        (
            "screen",
            {"underlying": "NIFTY", "direction": "up", "move": 0.02, "until": "2026-11-01"},
            400,
            "options.date",
        ),
        (
            "screen",
            {"underlying": "NIFTY", "direction": "up", "move": 0.02, "until": "2040-01-01"},
            400,
            "options.date",
        ),
    ],
)
def test_templates_when_the_input_is_bad_then_one_sentence_says_so(
    sauda: Served, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    assert sauda.problem("POST", f"{OPTIONS}/{path}", body, status).code == code


@pytest.mark.parametrize(("direction", "views"), [("up", {"bullish"}), ("down", {"bearish"}), ("still", {"neutral"})])
def test_screen_when_a_view_is_held_then_the_best_idea_shares_it(
    sauda: Served, direction: str, views: set[str]
) -> None:
    body = {"underlying": "NIFTY", "direction": direction, "move": 0.015, "until": EXPIRY}
    ideas = sauda.send("POST", f"{OPTIONS}/screen", body)["ideas"]
    assert ideas
    assert ideas[0]["view"] in views
    assert [idea["score"] for idea in ideas] == sorted((idea["score"] for idea in ideas), reverse=True)
    assert all(not idea["outcome"]["loss_unbounded"] for idea in ideas)
    assert all(idea["reasons"] for idea in ideas)


def test_volatility_when_read_then_estimators_cone_and_rank_are_there(sauda: Served) -> None:
    found = sauda.get("/api/v1/analytics/volatility", underlying="NIFTY")
    assert found["atm_iv"] == pytest.approx(0.12, abs=0.08)
    assert len(found["realised"]) == 5
    assert found["rank"]["source"] in ("own", "vix", "none")
    assert found["regime"]["slope"] in ("contango", "backwardation", "flat")
    assert found["garch"]["available"] or found["garch"]["reason"]
    assert sauda.problem("GET", "/api/v1/analytics/volatility?underlying=NOPE", status=404).field == "underlying"


def test_smile_surface_and_term_when_read_then_they_tell_one_story(sauda: Served) -> None:
    term = sauda.get(f"{OPTIONS}/NIFTY/term")
    smiles = sauda.get(f"{OPTIONS}/NIFTY/smile")
    surface = sauda.get(f"{OPTIONS}/NIFTY/surface")
    by_expiry = {point["expiry"]: point["atm_iv"] for point in term["points"]}
    for smile in smiles["smiles"]:
        assert smile["atm_iv"] == pytest.approx(by_expiry[smile["expiry"]], abs=0.01)
        assert len(smile["points"]["strike"]) == len(smile["points"]["iv"]) > 5
        assert len(smile["curve"]["strike"]) == len(smile["curve"]["iv"])
    middle = surface["moneyness"].index(1.0)
    for expiry, row in zip(surface["expiries"], surface["iv"], strict=True):
        if row[middle] is not None:
            assert row[middle] == pytest.approx(by_expiry[expiry], abs=0.01)


def test_straddle_when_a_few_minutes_have_passed_then_its_course_is_there(sauda: Served) -> None:
    sauda.advance(130)
    found = sauda.get(f"{OPTIONS}/NIFTY/straddle", expiry=EXPIRY)
    assert len(found["t"]) == len(found["straddle"]) == len(found["iv"]) == len(found["spot"]) >= 2
    assert found["straddle"][-1] > 100
    assert found["iv"][-1] == pytest.approx(0.12, abs=0.08)
