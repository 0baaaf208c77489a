"""Nothing secret reaches the log, wherever it hides."""

import gzip
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from server.core.logs import correlation, scrub, start_logging


@pytest.fixture(autouse=True)
def _reset() -> Iterator[None]:
    yield
    start_logging(None, console=False)
    structlog.reset_defaults()


@pytest.mark.parametrize(
    "value",
    [
        {"password": "hunter2"},
        {"body": {"api_key": "hunter2", "list": [{"access_token": "hunter2"}]}},
        {"headers": {"Cookie": "session=hunter2", "Authorization": "Bearer hunter2"}},
        {"text": "login failed for user=a password=hunter2 from 127.0.0.1"},
        {"text": '{"token": "hunter2", "x": 1}'},
        {"text": "Authorization: token abc:hunter2"},
        {"totp": "hunter2"},
    ],
)
def test_scrub_hides_secrets(value: object) -> None:
    assert "hunter2" not in repr(scrub(value))


def test_scrub_keeps_what_is_not_secret() -> None:
    value = {"key": "NSE:RELIANCE", "quantity": 5, "text": "order placed", "tokens": 3}
    assert scrub({"key": "NSE:RELIANCE", "quantity": 5, "text": "order placed"}) == {
        k: value[k] for k in ("key", "quantity", "text")
    }


def test_file_has_json_lines_with_the_correlation_id(tmp_path: Path) -> None:
    start_logging(tmp_path, console=False)
    token = correlation.set("abc123")
    structlog.get_logger("t").warning("refused", password="hunter2", quantity=5)
    logging.getLogger("other").warning("plain token=hunter2")
    correlation.reset(token)
    lines = [json.loads(line) for line in (tmp_path / "sauda.log").read_text().splitlines()]
    assert lines[0]["correlation"] == "abc123"
    assert lines[0]["quantity"] == 5
    assert "hunter2" not in json.dumps(lines)


def test_rotation_compresses(tmp_path: Path) -> None:
    start_logging(tmp_path, console=False)
    structlog.get_logger("t").warning("first")
    handler = logging.getLogger().handlers[0]
    assert isinstance(handler, logging.handlers.TimedRotatingFileHandler)
    handler.doRollover()
    packed = next(tmp_path.glob("*.gz"))
    assert "first" in gzip.decompress(packed.read_bytes()).decode()
