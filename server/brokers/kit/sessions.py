"""When sessions end, and what a login page sent back."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from server.brokers.kit.manifest import Manifest
from server.core.errors import Invalid, Unauthorised

__all__ = ("answered", "session_end")


def session_end(manifest: Manifest, issued: datetime) -> datetime | None:
    """The end of a session by the manifest's rule (`06:00 Asia/Kolkata`, `24h`, empty = never)."""
    rule = manifest.login.ends
    if not rule:
        return None
    if rule.endswith("h"):
        return issued + timedelta(hours=float(rule[:-1]))
    clock, _, zone = rule.partition(" ")
    hour, minute = (int(part) for part in clock.split(":"))
    local = issued.astimezone(ZoneInfo(zone))
    end = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if end <= local:
        end += timedelta(days=1)
    return end.astimezone(issued.tzinfo)


def answered(manifest: Manifest, answer: Mapping[str, str], name: str, *, ok: tuple[str, str] | None = None) -> str:
    """The parameter a login page sends back; raises Unauthorised where it says that the user did not go through."""
    if ok is not None and answer.get(ok[0], ok[1]) != ok[1]:
        raise Unauthorised(
            f"{manifest.title} did not sign you in: {answer.get('message') or answer.get(ok[0], '')}"[:200],
            code="broker.login",
            remedy="Start again from the Connect page.",
        )
    found = answer.get(name, "")
    if not found:
        raise Invalid(
            f"{manifest.title} sent no {name} back.",
            code="broker.login",
            field=name,
            remedy="Start again from the Connect page, and check the redirect address registered with the key.",
        )
    return found
