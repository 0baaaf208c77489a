"""Files that are not what they seem: bombs, endless lines, wrong encodings, broken archives. One sentence each."""

import gzip
import zipfile
from pathlib import Path

import pytest

from server.core.errors import Invalid
from server.feeds.replay.reading import MAX_LINE, open_lines
from tests.unit.feeds.replay.kit import Bench


def read(path: Path, most: int = 1_000_000) -> list[str]:
    with open_lines(path, most) as lines:
        return list(lines)


def refusal(path: Path, most: int = 1_000_000) -> str:
    with pytest.raises(Invalid) as caught:
        read(path, most)
    assert caught.value.field == "file"
    assert caught.value.remedy
    return caught.value.detail


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_open_lines_when_plain_gzip_or_zip_then_the_same_lines(tmp_path: Path, ends: str) -> None:
    text = f"\ufeffa,b{ends}1,2{ends}".encode()
    (tmp_path / "plain").write_bytes(text)
    (tmp_path / "packed").write_bytes(gzip.compress(text))
    with zipfile.ZipFile(tmp_path / "zipped", "w") as archive:
        archive.writestr("inside.csv", text)
    assert read(tmp_path / "plain") == read(tmp_path / "packed") == read(tmp_path / "zipped") == ["a,b", "1,2"]


def test_open_lines_when_gzip_is_a_bomb_then_stops_at_the_limit(tmp_path: Path) -> None:
    file = tmp_path / "bomb.csv.gz"
    file.write_bytes(gzip.compress(b"1,2\n" * 2_000_000))
    assert file.stat().st_size < 50_000
    assert "unpacks to more than" in refusal(file)


def test_open_lines_when_a_line_never_ends_then_refused_without_reading_it_whole(tmp_path: Path) -> None:
    file = tmp_path / "long.gz"
    file.write_bytes(gzip.compress(b"x" * (MAX_LINE * 20)))
    assert f"line 1 is longer than {MAX_LINE:,} bytes" in refusal(file, 1 << 30)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        ("date,open".encode("utf-16"), "UTF-16"),
        (b"PAR1\x00\x00\x00", "zero byte"),
        (b"caf\xe9,1\n", "line 1 is not UTF-8"),
        (gzip.compress(b"1,2\n" * 5_000, mtime=0)[:-20], "it is damaged"),
        (b"\x1f\x8b\x08\x00nonsense", "it is damaged"),
        (b"PK\x03\x04nonsense", "zip form cannot be read"),
    ],
)
def test_open_lines_when_not_a_text_table_then_one_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    assert words in refusal(file)


def test_open_lines_when_zip_holds_several_files_then_asks_to_unpack(tmp_path: Path) -> None:
    file = tmp_path / "two.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.csv", "1")
        archive.writestr("b.csv", "2")
    assert "several files" in refusal(file)


def test_open_lines_when_file_is_gone_then_one_sentence(tmp_path: Path) -> None:
    assert "cannot be read" in refusal(tmp_path / "nothing")


def test_import_when_file_is_hostile_then_failed_and_nothing_stored(bench: Bench) -> None:
    file = bench.folder / "NIFTY.csv"
    file.write_bytes(b"date,open,high,low,close,volume\n" + b"9" * (MAX_LINE + 10))
    job = bench.take(file)
    assert job.state == "failed"
    assert "longer than" in job.detail
    assert bench.recordings.recordings() == []
    assert bench.recordings.one_import(job.id) == job
