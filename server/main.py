"""Process entry: flags, settings, and the command asked for. Heavy imports wait until a command needs them."""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from server import __version__
from server.core.errors import SaudaError
from server.core.paths import default_data_dir

__all__ = ("main",)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `sauda`; returns the exit code (0 well, 1 a problem told in one sentence, 2 wrong usage)."""
    parser = _parser()
    options = parser.parse_args(arguments)
    command: Callable[[argparse.Namespace], int] | None = getattr(options, "command", None)
    if command is None:
        parser.print_help()
        return 2
    try:
        code = command(options)
        sys.stdout.flush()
        return code
    except SaudaError as error:
        print(f"sauda: {error.detail}", file=sys.stderr)
        if error.remedy:
            print(f"       {error.remedy}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `sauda replay | head` has read enough; nothing may be printed at the end either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sauda", description="A local-first trading terminal for Indian markets.")
    parser.add_argument("--version", action="version", version=f"sauda {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    def add(name: str, text: str, command: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("--data", type=_folder, default=_data_dir(), help="data folder (default: %(default)s)")
        sub.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="a setting, as market.speed=5; may be repeated",
        )
        sub.set_defaults(command=command)
        return sub

    run = add("run", "Start the app on this machine.", _run)
    run.add_argument("--port", type=int, help="port on 127.0.0.1 (default: 8420)")
    run.add_argument("--mode", choices=("production", "development"), help="development adds debug routes")
    run.add_argument("--no-open", action="store_true", help="do not open the browser")

    doctor = add(
        "doctor", "Check disk, clock, database, ports, devices and market data; say how to mend each.", _doctor
    )
    doctor.add_argument("--rebuild", action="store_true", help="write all tables anew from the journal")
    doctor.add_argument("--port", type=int, help="port to check (default: 8420)")

    imports = add("import", "Take market data files in: minutes, ticks, chain snapshots, bhavcopies.", _import)
    imports.add_argument("paths", type=Path, nargs="+", metavar="PATH", help="files or folders")

    replay = add("replay", "List the days that can be replayed, or start the app with one.", _replay)
    replay.add_argument("day", nargs="?", help="id of a replay, as the list shows it")
    replay.add_argument("--speed", type=float, default=1.0, help="1 = as it was; 0 = as fast as it goes")
    replay.add_argument("--port", type=int, help="port on 127.0.0.1 (default: 8420)")
    replay.add_argument("--no-open", action="store_true", help="do not open the browser")

    backup = add("backup", "Write everything into one file, also while the app runs.", _backup)
    backup.add_argument("file", type=Path, nargs="?", help="target (default: backups/ in the data folder)")

    restore = add("restore", "Put a backup in place of the data folder's contents, which are kept aside.", _restore)
    restore.add_argument("file", type=Path)

    audit = add("audit", "Prove that nobody changed the record.", _audit)
    audit.add_argument("what", choices=("verify",))

    version = add("version", "Print the version.", _version)
    version.set_defaults(command=_version)
    return parser


def _folder(text: str) -> Path:
    """A folder named on the command line; an empty name would be the folder one happens to stand in."""
    if not text.strip():
        raise argparse.ArgumentTypeError("a folder is wanted, an empty name was given")
    return Path(text)


def _data_dir() -> Path:
    return Path(os.environ["SAUDA_DATA"]) if os.environ.get("SAUDA_DATA") else default_data_dir()


def _flags(options: argparse.Namespace) -> dict[str, str]:
    flags = {}
    for pair in options.set:
        name, equals, value = pair.partition("=")
        if not equals:
            print(f"sauda: --set wants NAME=VALUE, not {pair!r}", file=sys.stderr)
            raise SystemExit(2)
        flags[name.strip()] = value.strip()
    if getattr(options, "port", None) is not None:
        flags["server.port"] = str(options.port)
    if getattr(options, "mode", None):
        flags["server.mode"] = options.mode
    if getattr(options, "no_open", False):
        flags["server.open_browser"] = "false"
    return flags


def _run(options: argparse.Namespace) -> int:
    from server.core.lean import import_lean

    import_lean()
    from server.app.commands.run import run

    return run(options.data, dict(os.environ), _flags(options))


def _doctor(options: argparse.Namespace) -> int:
    from server.app.commands.doctor import doctor

    return asyncio.run(doctor(options.data, dict(os.environ), _flags(options), rebuild=options.rebuild))


def _import(options: argparse.Namespace) -> int:
    from server.app.commands.imports import import_paths

    return asyncio.run(import_paths(options.data, dict(os.environ), _flags(options), options.paths))


def _replay(options: argparse.Namespace) -> int:
    from server.app.commands.replay import replay

    return replay(options.data, dict(os.environ), _flags(options), options.day, options.speed)


def _backup(options: argparse.Namespace) -> int:
    from server.app.commands.backup import backup

    return asyncio.run(backup(options.data, options.file))


def _restore(options: argparse.Namespace) -> int:
    from server.app.commands.backup import restore

    return asyncio.run(restore(options.data, options.file))


def _audit(options: argparse.Namespace) -> int:
    from server.app.commands.audit import verify

    return asyncio.run(verify(options.data))


def _version(_: argparse.Namespace) -> int:
    print(__version__)
    return 0


if __name__ == "__main__":
    sys.exit(main())
