"""Settings of a service, and the clocks."""

from pathlib import Path

import pytest

from scelle.app.agent import Deadline
from scelle.app.clock import SetClock, SystemClock
from scelle.app.randomness import draw
from scelle.app.settings import (
    Settings,
    SettingsFormError,
    SettingsUnknownError,
    SettingsValueError,
    load_settings,
    settings_of,
)
from scelle.client.disk import DiskMissingError

URL = 'public_url = "https://scelle.example"\n'


def load(folder: Path, text: str, **environ: str) -> Settings:
    path = folder / "service.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path, environ)


def test_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path, URL)
    assert settings.listen_address == "127.0.0.1"
    assert settings.limits.max_expiry_days == 30
    assert settings.data_dir == str(tmp_path / "data")
    assert settings.mail.host == ""
    assert all(each.metadata["text"] for each in settings_of(Settings))


def test_file_and_environment(tmp_path: Path) -> None:
    text = URL + 'listen_port = 1\nbehind_proxy = true\n[limits]\nmax_parts = 7\n[mail]\nhost = "m"\nsender = "s"\n'
    settings = load(tmp_path, text, SCELLE_LISTEN_PORT="2", SCELLE_MAIL_HOST="n", SCELLE_BEHIND_PROXY="false")
    assert (settings.listen_port, settings.limits.max_parts) == (2, 7)
    assert (settings.mail.host, settings.behind_proxy) == ("n", False)


@pytest.mark.parametrize(
    ("text", "name"),
    [(URL + "colour = 1", "colour"), (URL + "[limits]\nx = 1", "limits.x"), (URL + "[other]\nx = 1", "other")],
)
def test_unknown_keys_are_named(tmp_path: Path, text: str, name: str) -> None:
    with pytest.raises(SettingsUnknownError) as caught:
        load(tmp_path, text)
    assert caught.value.facts == {"path": str(tmp_path / "service.toml"), "name": name}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("", "public_url"),
        ('public_url = "ftp://x"', "public_url"),
        (URL + "listen_port = 70000", "listen_port"),
        (URL + 'listen_port = "1"', "listen_port"),
        (URL + "listen_port = true", "listen_port"),
        (URL + "behind_proxy = 1", "behind_proxy"),
        (URL + 'log_level = "loud"', "log_level"),
        (URL + "limits = 1", "limits"),
        (URL + 'tls_key = "k"', "tls_key"),
        (URL + 'listen_address = "0.0.0.0"', "tls_certificate"),
        (URL + '[mail]\nhost = "m"', "mail.sender"),
    ],
)
def test_values_that_cannot_be(tmp_path: Path, text: str, name: str) -> None:
    with pytest.raises(SettingsValueError) as caught:
        load(tmp_path, text)
    assert caught.value.facts["name"] == name


def test_a_bad_variable_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsValueError) as caught:
        load(tmp_path, URL, SCELLE_LISTEN_PORT="x")
    assert caught.value.facts["path"] == "SCELLE_LISTEN_PORT"


def test_files_that_are_not_settings(tmp_path: Path) -> None:
    with pytest.raises(SettingsFormError):
        load(tmp_path, "public_url = ")
    (tmp_path / "x").write_bytes(b"\xff")
    with pytest.raises(SettingsFormError):
        load_settings(tmp_path / "x", {})
    with pytest.raises(DiskMissingError):
        load_settings(tmp_path / "no", {})


def test_plain_http_beyond_loopback_only_behind_a_proxy(tmp_path: Path) -> None:
    assert load(tmp_path, URL + 'listen_address = "0.0.0.0"\nbehind_proxy = true').behind_proxy


def test_clocks() -> None:
    clock = SetClock(1000)
    over = Deadline(clock, 60)
    clock.advance(59)
    assert (clock.now(), clock.monotonic(), over()) == (1059, 59.0, False)
    clock.set_wall(5)
    assert not over()
    clock.advance(1)
    assert over()  # the wall clock was set back; the other one tells
    again = Deadline(clock, 60)
    clock.set_wall(clock.now() + 60)
    assert again()  # the computer slept; the wall clock tells
    assert SystemClock().now() > 1_700_000_000
    assert SystemClock().monotonic() <= SystemClock().monotonic()
    assert len(draw(16)) == 16
