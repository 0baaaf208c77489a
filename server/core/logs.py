"""Structured logs: JSON lines to a rotated file, secrets scrubbed, one correlation id from request to fill."""

import gzip
import logging
import logging.handlers
import re
import shutil
from collections import deque
from collections.abc import MutableMapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import msgspec
import structlog

__all__ = ("correlation", "hide", "recent", "scrub", "start_logging")

correlation: ContextVar[str] = ContextVar("correlation", default="")
"""The id that ties a request to its order and fills; empty outside a request."""

recent: deque[dict[str, Any]] = deque(maxlen=500)
"""The last log entries, scrubbed, for the System page and development routes."""

_SECRET_KEY = re.compile(
    r"pass(word|wd|phrase)?$|secret|token|api_?key|cookie|authori[sz]ation|credential|totp|otp$|pin$|private",
    re.IGNORECASE,
)
_SECRET_TEXT = re.compile(
    r"""(?ix) (?P<key> \b(?:password|passwd|secret|token|api_?key|access_?token|authorization|cookie|totp|pin) \b
    ["']? \s* [=:] \s* ) (?P<value> "[^"]*" | '[^']*' | (?:bearer\s+|token\s+)? [^\s,;&}"']+ )"""
)
_JWT = re.compile(r"\beyJ[\w-]{6,}\.[\w-]+\.[\w-]+")
_HIDDEN = "[hidden]"
_LEAST_SECRET = 6
_hidden_values: set[str] = set()


def hide(secret: str) -> None:
    """From now on this very text is blanked wherever it would be logged: keys and tokens out of the vault."""
    if len(secret) >= _LEAST_SECRET:
        _hidden_values.add(secret)


def scrub(value: Any, key: str = "") -> Any:
    """The same value with everything that looks like a secret replaced."""
    if key and _SECRET_KEY.search(key) and value not in (None, "", True, False):
        return _HIDDEN
    if isinstance(value, dict):
        return {k: scrub(v, str(k)) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(scrub(v) for v in value) if type(value) in (list, tuple) else value
    if isinstance(value, str):
        for secret in _hidden_values:
            if secret in value:
                value = value.replace(secret, _HIDDEN)
        return _JWT.sub(_HIDDEN, _SECRET_TEXT.sub(lambda m: m.group("key") + _HIDDEN, value))
    return value


def start_logging(folder: Path | None, level: str = "INFO", *, console: bool = True, keep_days: int = 90) -> None:
    """Set structlog and the standard library's logging to one scrubbed JSON stream.

    Args:
        folder: where `sauda.log` is kept, rotated at midnight and compressed; None for no file.
        level: the least severe level written.
        console: also write warnings and worse to standard error in plain text.
        keep_days: how many rotated files are kept.
    """
    handlers: list[logging.Handler] = []
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        file = logging.handlers.TimedRotatingFileHandler(
            folder / "sauda.log", when="midnight", backupCount=keep_days, encoding="utf-8", utc=True, delay=True
        )
        file.namer = lambda name: name + ".gz"
        file.rotator = _compress
        file.setFormatter(_formatter(structlog.processors.JSONRenderer(serializer=_json)))
        handlers.append(file)
    if console:
        stream = logging.StreamHandler()
        stream.setLevel(logging.WARNING)
        stream.setFormatter(_formatter(structlog.dev.ConsoleRenderer(colors=False)))
        handlers.append(stream)
    logging.raiseExceptions = False  # a full disk must not turn each lost line into a page on standard error
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        old.close()
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(level)
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _add_correlation(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if found := correlation.get():
        event["correlation"] = found
    return event


def _scrub_event(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in list(event):
        if not key.startswith("_"):
            event[key] = scrub(event[key], key)
    return event


def _remember(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    recent.append(
        {k: v if isinstance(v, (str, int, float, bool)) else str(v) for k, v in event.items() if not k.startswith("_")}
    )
    return event


_SHARED: list[Any] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    _add_correlation,
    _scrub_event,
    _remember,
]


def _formatter(renderer: Any) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )


def _json(event: Any, **_: Any) -> str:
    return msgspec.json.encode(event, enc_hook=str).decode()


def _compress(source: str, target: str) -> None:
    with Path(source).open("rb") as plain, gzip.open(target, "wb") as packed:
        shutil.copyfileobj(plain, packed)
    Path(source).unlink()
