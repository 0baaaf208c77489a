"""The vault: what brokers' logins need, encrypted at rest, the key kept elsewhere than the database.

One file, `vault.json`, holds a Fernet token (AES-128-CBC with HMAC-SHA256, library `cryptography`) for each entry. The
key lies in the operating system's keyring where there is one, else in `vault.key` with owner-only rights; a passphrase
replaces both (scrypt, RFC 7914). Backups hold neither file. Nothing here logs, and no error carries a value.
"""

import base64
import contextlib
import os
import secrets
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from server.core.errors import Fault, NotFound, Unauthorised
from server.core.logs import hide

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

__all__ = ("KeyPlace", "Vault")

KeyPlace = Literal["keyring", "file", "passphrase"]
_SERVICE = "sauda"
_SCRYPT_N = 2**15
"""About 0.1 s and 32 MB on a laptop."""
_OWNER_ONLY = 0o600


class _Kept(msgspec.Struct, forbid_unknown_fields=True):
    version: int = 1
    place: KeyPlace = "file"
    salt: str = ""
    check: str = ""
    """A token of a known word, to tell a wrong passphrase from a damaged entry."""
    entries: dict[str, str] = {}


class Vault:
    """Secrets by entry name. Calls block for milliseconds (keyring, scrypt): use a thread.

    Args:
        folder: the data folder.
        passphrase: when the owner chose one.
        use_keyring: False leaves the keyring alone (tests, servers without a desktop).
    """

    def __init__(self, folder: Path, passphrase: str = "", *, use_keyring: bool = True) -> None:
        self._file = folder / "vault.json"
        self._key_file = folder / "vault.key"
        self._name = sha256(str(folder.resolve()).encode()).hexdigest()[:16]
        self._passphrase = passphrase
        self._use_keyring = use_keyring
        self._kept: _Kept | None = None
        self._fernet: Fernet | None = None

    @property
    def place(self) -> KeyPlace:
        """Where the key lies."""
        return self._read().place

    def names(self) -> list[str]:
        """Entries there are."""
        return sorted(self._read().entries)

    def get(self, name: str) -> dict[str, str]:
        """An entry; raises NotFound, Unauthorised for a wrong passphrase, Fault when key or file are damaged."""
        token = self._read().entries.get(name)
        if token is None:
            raise NotFound(f"The vault has no entry {name}.", code="vault.none", field="name")
        found = msgspec.json.decode(self._decrypt(token), type=dict[str, str])
        for value in found.values():
            hide(value)
        return found

    def put(self, name: str, fields: Mapping[str, str]) -> None:
        """Write an entry, whole or not at all."""
        for value in fields.values():
            hide(value)
        kept = self._read()
        token = self._cipher().encrypt(msgspec.json.encode(dict(fields))).decode()
        self._write(msgspec.structs.replace(kept, entries={**kept.entries, name: token}))

    def forget(self, name: str) -> None:
        """Remove an entry; nothing happens when there is none."""
        kept = self._read()
        if name in kept.entries:
            self._write(msgspec.structs.replace(kept, entries={n: t for n, t in kept.entries.items() if n != name}))

    def _read(self) -> _Kept:
        if self._kept is None:
            try:
                self._kept = msgspec.json.decode(self._file.read_bytes(), type=_Kept)
            except FileNotFoundError:
                self._kept = _Kept()
            except (OSError, msgspec.MsgspecError) as error:
                raise Fault(
                    "The vault cannot be read.",
                    code="vault.damaged",
                    remedy=f"Move {self._file.name} aside and sign in to your brokers again.",
                ) from error
        return self._kept

    def _write(self, kept: _Kept) -> None:
        spare = self._file.with_suffix(".new")
        body = msgspec.json.encode(msgspec.structs.replace(kept, place=self._read().place))
        with open(spare, "wb", opener=_private) as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        spare.replace(self._file)
        self._kept = kept

    def _decrypt(self, token: str) -> bytes:
        from cryptography.fernet import InvalidToken

        try:
            return self._cipher().decrypt(token.encode())
        except InvalidToken as error:
            raise Fault(
                "The vault's key does not open this entry.",
                code="vault.key",
                remedy="Sign in to the broker again; the old entry is then replaced.",
            ) from error

    def _cipher(self) -> "Fernet":
        if self._fernet is None:
            from cryptography.fernet import Fernet, InvalidToken

            kept = self._read()
            fresh = not kept.entries and not kept.check
            self._fernet = Fernet(self._new_key(kept) if fresh else self._known_key(kept))
            if fresh:
                kept.check = self._fernet.encrypt(b"sauda").decode()
            else:
                try:
                    self._fernet.decrypt(kept.check.encode())
                except InvalidToken as error:
                    self._fernet = None
                    raise Unauthorised(
                        "The vault's key does not fit.",
                        code="vault.key",
                        remedy="Give the right passphrase, or move vault.json aside and sign in to your brokers again.",
                    ) from error
        return self._fernet

    def _new_key(self, kept: _Kept) -> bytes:
        if self._passphrase:
            kept.place, kept.salt = "passphrase", secrets.token_hex(16)
            return self._derive(kept.salt)
        key = base64.urlsafe_b64encode(secrets.token_bytes(32))
        if self._use_keyring and _keyring_put(self._name, key.decode()):
            kept.place = "keyring"
            return key
        kept.place = "file"
        with open(self._key_file, "wb", opener=_private) as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        return key

    def _known_key(self, kept: _Kept) -> bytes:
        if kept.place == "passphrase":
            if not self._passphrase:
                raise Unauthorised(
                    "The vault is locked by a passphrase.",
                    code="vault.locked",
                    remedy="Set SAUDA_VAULT_PASSPHRASE and start again.",
                )
            return self._derive(kept.salt)
        found = _keyring_get(self._name) if kept.place == "keyring" else None
        if kept.place == "file":
            with contextlib.suppress(OSError):
                found = self._key_file.read_text(encoding="ascii")
        try:
            key = (found or "").encode()
            if len(base64.urlsafe_b64decode(key)) == 32:
                return key
        except ValueError:
            pass
        where = "the system's keyring" if kept.place == "keyring" else self._key_file.name
        raise Unauthorised(
            f"The vault's key is not in {where}.",
            code="vault.key_missing",
            remedy="Bring it back, or move vault.json aside and sign in to your brokers again.",
        )

    def _derive(self, salt: str) -> bytes:
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

        kdf = Scrypt(salt=bytes.fromhex(salt), length=32, n=_SCRYPT_N, r=8, p=1)
        return base64.urlsafe_b64encode(kdf.derive(self._passphrase.encode()))


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, _OWNER_ONLY)


def _keyring_put(name: str, key: str) -> bool:
    """Whether the keyring took it: without a desktop session there is none."""
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.set_password(_SERVICE, name, key)
        return keyring.get_password(_SERVICE, name) == key
    except (KeyringError, RuntimeError, OSError):
        return False


def _keyring_get(name: str) -> str | None:
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(_SERVICE, name)
    except (KeyringError, RuntimeError, OSError):
        return None
