"""Files that people write are read as they mean them, or refused with file and line."""

from __future__ import annotations

import codecs
import os
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from pneumatic_dash import env_file

READ = [
    (b"KEY=$9x!", "$9x!"),
    (b"KEY=$HOME/${HOME}", "$HOME/${HOME}"),
    (b"KEY='$9x # y'", "$9x # y"),
    (b'KEY="$9x # y"', "$9x # y"),
    (b"KEY=a#b", "a#b"),
    (b"KEY=#9x", "#9x"),
    (b"KEY=v # note", "v"),
    (b"KEY='v' # note", "v"),
    (b"KEY = v", "v"),
    (b" \t KEY=v", "v"),
    (b"export KEY=v", "v"),
    (b"KEY=v\r\nOTHER=w\r\n", "v"),
    (b"\n\nKEY=", ""),
    (b"KEY=first\nKEY=v", "v"),
    (codecs.BOM_UTF8 + b"KEY=v", "v"),
    (codecs.BOM_UTF16_LE + "KEY=ü\n".encode("utf-16-le"), "ü"),
    (codecs.BOM_UTF16_BE + "KEY=ü\n".encode("utf-16-be"), "ü"),
    ("# für\nKEY=v # größer\n".encode("latin-1"), "v"),
    ("KEY=ü".encode(), "ü"),
]
REFUSED = [
    (b"A=1\n\nKEY\n", "line 3: this is not NAME=value."),
    (b"A=1\nthe key is=secret\n", "line 2: this is not NAME=value."),
    (b"A=1\nmy-key=secret\n", "line 2: this is not NAME=value."),
    (b"A=1\n# note\nKEY='secret\n", "line 3: this is not NAME=value."),
    (b"A=1\nKEY='secret\nB='x\n", "line 2: this is not NAME=value."),
    (b"KEY='secret\nB=2\n'\n", "line 1: the quote that opens the value is not closed on this line."),
    ("A=1\nKEY=secreté\n".encode("latin-1"), "line 2: this is not UTF-8. Save the file as UTF-8."),
    ("KEY=secret\n".encode("utf-16-le"), "line 1: this is not UTF-8. Save the file as UTF-8."),
    (codecs.BOM_UTF16_LE + b"KEY=secret\n", "is damaged UTF-16. Save it as UTF-8."),
]


def test_a_line_is_read_as_it_is_meant() -> None:
    read = [(content, env_file.parse(content, source=".env")["KEY"]) for content, _ in READ]

    assert read == READ


def test_a_line_that_cannot_be_read_is_named_and_not_shown() -> None:
    for content, sentence in REFUSED:
        with pytest.raises(ImproperlyConfigured) as refused:
            env_file.parse(content, source="/srv/.env")
        assert str(refused.value).startswith("/srv/.env")
        assert sentence in str(refused.value)
        assert "secret" not in str(refused.value)


def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASH_TEST_SET", "")
    monkeypatch.delenv("DASH_TEST_NEW", raising=False)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    (tmp_path / "env").write_bytes(b"DASH_TEST_SET=file\nDASH_TEST_NEW=file\n")

    env_file.load(tmp_path / "env")

    assert (os.environ["DASH_TEST_SET"], os.environ["DASH_TEST_NEW"]) == ("", "file")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"/missing cannot be read: No such file or directory\."):
        env_file.load(tmp_path / "missing")


def test_a_secret_is_the_text_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    for content in (b"$abc\n", codecs.BOM_UTF8 + b" $abc\r\n", "$abc\r\n".encode("utf-16")):
        path.write_bytes(content)
        assert env_file.read_secret(path, variable="KEY_FILE") == "$abc"
    for content, sentence in (
        (b"secret\nsecret\n", "KEY_FILE names a file that has several lines."),
        ("secret".encode("utf-16-be"), "KEY_FILE names a file that is not UTF-8. Save it as UTF-8."),
        (b"secret\xe9", "KEY_FILE names a file that is not UTF-8. Save it as UTF-8."),
    ):
        path.write_bytes(content)
        with pytest.raises(ImproperlyConfigured) as refused:
            env_file.read_secret(path, variable="KEY_FILE")
        assert str(refused.value).startswith(sentence)
