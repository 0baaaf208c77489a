"""Secrets at rest."""

import stat
from pathlib import Path

import pytest

from server.auth.vault import Vault
from server.core.errors import Fault, NotFound, SaudaError, Unauthorised
from server.core.logs import scrub

SECRET = {"api_key": "kite-key-0123456789", "api_secret": "s3cr3t-of-the-owner"}


def vault(folder: Path, passphrase: str = "") -> Vault:
    return Vault(folder, passphrase, use_keyring=False)


def test_entry_when_put_then_a_new_vault_reads_it(tmp_path: Path) -> None:
    vault(tmp_path).put("zerodha-1", SECRET)
    assert vault(tmp_path).get("zerodha-1") == SECRET
    assert vault(tmp_path).names() == ["zerodha-1"]
    assert vault(tmp_path).place == "file"


def test_files_when_written_then_no_secret_in_them_and_only_the_owner_reads(tmp_path: Path) -> None:
    vault(tmp_path).put("zerodha-1", SECRET)
    for path in tmp_path.iterdir():
        body = path.read_bytes()
        assert not any(value.encode() in body for value in SECRET.values()), path
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_passphrase_when_chosen_then_no_key_file_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    vault(tmp_path, "correct horse").put("a", SECRET)
    assert not (tmp_path / "vault.key").exists()
    assert vault(tmp_path, "correct horse").get("a") == SECRET
    with pytest.raises(Unauthorised, match="does not fit"):
        vault(tmp_path, "wrong horse").get("a")
    with pytest.raises(Unauthorised, match="locked"):
        vault(tmp_path).get("a")


def test_wrong_key_when_writing_then_refused_and_the_file_stays(tmp_path: Path) -> None:
    vault(tmp_path, "correct horse").put("a", SECRET)
    before = (tmp_path / "vault.json").read_bytes()
    with pytest.raises(Unauthorised):
        vault(tmp_path, "wrong horse").put("b", SECRET)
    assert (tmp_path / "vault.json").read_bytes() == before


def test_key_file_when_lost_then_said_with_a_remedy(tmp_path: Path) -> None:
    vault(tmp_path).put("a", SECRET)
    (tmp_path / "vault.key").unlink()
    with pytest.raises(Unauthorised) as caught:
        vault(tmp_path).get("a")
    assert "vault.key" in caught.value.detail
    assert "sign in" in caught.value.remedy


@pytest.mark.parametrize("damage", [b"", b"{", b'{"version": 1, "entries": {"a": 5}}', b"\x00" * 40])
def test_file_when_damaged_then_one_clear_error(tmp_path: Path, damage: bytes) -> None:
    vault(tmp_path).put("a", SECRET)
    (tmp_path / "vault.json").write_bytes(damage)
    with pytest.raises(SaudaError) as caught:
        vault(tmp_path).get("a")
    assert isinstance(caught.value, (Fault, NotFound))


def test_entry_when_forgotten_then_gone(tmp_path: Path) -> None:
    one = vault(tmp_path)
    one.put("a", SECRET)
    one.put("b", SECRET)
    one.forget("a")
    one.forget("never there")
    assert vault(tmp_path).names() == ["b"]
    with pytest.raises(NotFound):
        one.get("a")


def test_secret_when_it_went_through_the_vault_then_logs_blank_it(tmp_path: Path) -> None:
    vault(tmp_path).put("a", {"api_secret": "never-to-be-seen-42"})
    assert scrub({"note": "GET /x?y=never-to-be-seen-42&z=1"}) == {"note": "GET /x?y=[hidden]&z=1"}
