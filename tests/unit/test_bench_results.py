"""`make results`: each bench has its own block in RESULTS.md, written anew, the rest left alone."""

from tests.bench.__main__ import noted


def test_noted_when_a_bench_has_a_block_then_it_is_replaced_and_new_ones_come_last() -> None:
    before = "# Results\n\n<!-- bench_a -->\nold\n<!-- /bench_a -->\n\nwords that stay\n"
    once = noted(before, "bench_a", "| new |\n")
    assert "old" not in once
    assert "| new |" in once
    assert once.endswith("<!-- /bench_a -->\n\nwords that stay\n")
    both = noted(once, "bench_b", "| b |")
    assert both.index("words that stay") < both.index("## bench_b")
    assert noted(both, "bench_b", "| c |").count("<!-- bench_b -->") == 1
