"""Settings are taken whole or refused whole, with the place of the wrong value."""

from pathlib import Path

import pytest

from server.app.settings import Settings, load_settings
from server.core.errors import Invalid


def test_defaults_file_says_what_the_structs_say(tmp_path: Path) -> None:
    assert load_settings(tmp_path, {}, {}) == Settings()


def test_flags_beat_environment_beats_file(tmp_path: Path) -> None:
    (tmp_path / "sauda.toml").write_text("[server]\nport = 1111\n[market]\nspeed = 2\n")
    found = load_settings(
        tmp_path, {"SAUDA_SERVER__PORT": "2222", "SAUDA_PAPER__LATENCY_MS": "0"}, {"server.port": "3333"}
    )
    assert (found.server.port, found.market.speed, found.paper.latency_ms) == (3333, 2.0, 0)


@pytest.mark.parametrize(
    ("text", "field", "line"),
    [
        ("[server]\nport = 99999\n", "server.port", "line 2"),
        ('[server]\nport = "8420"\n', "server.port", "line 2"),
        ("[paper]\n\ncapital = 5\n", "paper.capital", "line 3"),
        ("[server]\nprot = 8420\n", "server.prot", "line 2"),
        ('[server]\nhost = "0.0.0.0"\n', "server.host", "line 2"),
    ],
)
def test_wrong_value_names_file_and_line(tmp_path: Path, text: str, field: str, line: str) -> None:
    (tmp_path / "sauda.toml").write_text(text)
    with pytest.raises(Invalid) as caught:
        load_settings(tmp_path, {}, {})
    assert caught.value.field == field
    assert "sauda.toml" in caught.value.detail
    assert line in caught.value.detail


def test_broken_toml_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "sauda.toml").write_text("[server\n")
    with pytest.raises(Invalid, match=r"sauda\.toml"):
        load_settings(tmp_path, {}, {})


def test_wrong_environment_names_the_variable(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="SAUDA_SERVER__PORT"):
        load_settings(tmp_path, {"SAUDA_SERVER__PORT": "many"}, {})
