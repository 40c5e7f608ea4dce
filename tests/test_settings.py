"""Settings come from the environment, and a wrong one is named."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from greenlight import settings as module
from greenlight.errors import SettingsError
from greenlight.errors.advice import GetKey
from greenlight.modelstudio.catalog import BEIJING_BASE_URL, POLL_SECONDS
from greenlight.settings import OF_DEPLOYMENTS, SETTINGS, read_settings

KEY = "sk-0123456789abcdef"


def test_without_any_setting_the_vendor_is_meant_and_the_home_folder() -> None:
    settings = read_settings({})
    assert settings.base_url == BEIJING_BASE_URL
    assert settings.service == "dashscope.aliyuncs.com:443"
    assert settings.home == Path.home() / ".greenlight"
    assert settings.ledger_url == f"sqlite:///{settings.home / 'ledger.db'}"
    assert settings.poll_seconds == POLL_SECONDS
    assert (settings.api_key, settings.workspace, settings.delivery) == (None, None, "presigned")


def test_every_setting_has_its_variable() -> None:
    given = {
        "DASHSCOPE_API_KEY": f" {KEY}\n",
        "DASHSCOPE_HTTP_BASE_URL": "http://127.0.0.1:8000/api/v1/",
        "DASHSCOPE_WORKSPACE": "ws-1",
        "GREENLIGHT_HOME": "/data/greenlight",
        "GREENLIGHT_LEDGER_URL": "postgresql://books.example/greenlight",
        "GREENLIGHT_POLL_SECONDS": "0.5",
        "GREENLIGHT_LEASE_SECONDS": "90",
        "GREENLIGHT_SETTLE_SECONDS": "300",
        "GREENLIGHT_EXCLUSIVE_ACCOUNT": "Yes",
        "GREENLIGHT_MAX_CNY_PER_DAY": "20.50",
        "GREENLIGHT_DELIVERY": "upload",
    }
    assert given.keys() == {one.name for one in SETTINGS.values()}
    settings = read_settings(given)
    assert settings.require_key() == KEY
    assert settings.base_url == "http://127.0.0.1:8000/api/v1"
    assert settings.service == "127.0.0.1:8000+ws-1"
    assert settings.videos == Path("/data/greenlight/videos")
    assert settings.results == Path("/data/greenlight/results")
    assert settings.ledger_url == "postgresql://books.example/greenlight"
    assert (settings.poll_seconds, settings.lease_seconds) == (0.5, 90.0)
    assert (settings.settle_seconds, settings.exclusive_account) == (300.0, True)
    assert settings.max_cny_per_day == Decimal("20.50")
    assert settings.delivery == "upload"


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("DASHSCOPE_API_KEY", "DASHSCOPE_HTTP_BASE_URL", "DASHSCOPE_WORKSPACE")
    empty = dict.fromkeys((*names, "GREENLIGHT_HOME", "GREENLIGHT_POLL_SECONDS"), "")
    assert read_settings(empty) == read_settings({})


def test_the_environment_is_read_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHSCOPE_WORKSPACE", "first")
    assert read_settings().workspace == "first"
    monkeypatch.setenv("DASHSCOPE_WORKSPACE", "second")
    assert read_settings().workspace == "second"


def test_a_home_may_be_relative_or_a_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_settings({"GREENLIGHT_HOME": "here"}).home == tmp_path / "here"
    assert read_settings({"GREENLIGHT_HOME": "~/there"}).home == Path.home() / "there"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GREENLIGHT_POLL_SECONDS", "often"),
        ("GREENLIGHT_POLL_SECONDS", "0"),
        ("GREENLIGHT_POLL_SECONDS", "-1"),
        ("GREENLIGHT_POLL_SECONDS", "nan"),
        ("GREENLIGHT_LEASE_SECONDS", "inf"),
        ("GREENLIGHT_LEASE_SECONDS", "1e9"),
        ("GREENLIGHT_SETTLE_SECONDS", "86400"),
        ("GREENLIGHT_EXCLUSIVE_ACCOUNT", "perhaps"),
        ("GREENLIGHT_MAX_CNY_PER_DAY", "much"),
        ("GREENLIGHT_MAX_CNY_PER_DAY", "-1"),
        ("GREENLIGHT_MAX_CNY_PER_DAY", "NaN"),
        ("GREENLIGHT_DELIVERY", "carrier pigeon"),
        ("DASHSCOPE_WORKSPACE", "arbeits\nplatz"),
        ("DASHSCOPE_WORKSPACE", "möbel"),
        ("GREENLIGHT_HOME", "~nobody-at-all/greenlight"),
        ("DASHSCOPE_HTTP_BASE_URL", "dashscope.aliyuncs.com/api/v1"),
        ("DASHSCOPE_HTTP_BASE_URL", "ftp://a.example"),
        ("DASHSCOPE_HTTP_BASE_URL", "https://"),
        ("DASHSCOPE_HTTP_BASE_URL", "https://a.example:99999/api/v1"),
        ("DASHSCOPE_HTTP_BASE_URL", "https://[::1/api/v1"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name) as caught:
        read_settings({name: value})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("url", ["https://anna:hush@a.example/v1", "https://a.example/v1?sig=hush"])
def test_a_secret_in_the_address_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({"DASHSCOPE_HTTP_BASE_URL": url})
    assert "hush" not in str(caught.value)


def test_a_missing_key_is_told_with_both_ways_out() -> None:
    with pytest.raises(SettingsError, match="DASHSCOPE_API_KEY") as caught:
        read_settings({}).require_key()
    assert caught.value.advice == GetKey()


@pytest.mark.parametrize("key", ["sk-“quoted”", "sk-two\nlines", "sk-密钥"])
def test_a_key_that_no_header_can_carry_is_told_and_not_repeated(key: str) -> None:
    with pytest.raises(SettingsError, match="copy it again") as caught:
        read_settings({"DASHSCOPE_API_KEY": key}).require_key()
    assert key not in str(caught.value)


def test_the_key_is_never_shown() -> None:
    assert KEY not in repr(read_settings({"DASHSCOPE_API_KEY": KEY}))


@pytest.fixture
def _nothing_warned_of_yet() -> None:
    module._warn_once.cache_clear()


@pytest.mark.usefixtures("_nothing_warned_of_yet")
@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("GREENLIGHT_LEDGR_URL", "did you mean GREENLIGHT_LEDGER_URL?"),
        ("GREENLIGHT_MODEL", "did you mean GREENLIGHT_MODELS?"),
        ("GREENLIGHT_CURRENCY", "correct its name, or remove it"),
    ],
)
def test_a_misspelled_variable_is_warned_of_once(
    name: str, advice: str, caplog: pytest.LogCaptureFixture
) -> None:
    for value in ("one", "another"):
        read_settings({name: value})
    assert caplog.messages == [f"{name} is not a setting, so it is ignored; {advice}"]


@pytest.mark.usefixtures("_nothing_warned_of_yet")
def test_nobody_is_warned_of_what_others_read(caplog: pytest.LogCaptureFixture) -> None:
    read_settings(
        dict.fromkeys(OF_DEPLOYMENTS, "") | {"DASHSCOPE_LOGGING_LEVEL": "debug", "PATH": "/bin"}
    )
    assert not caplog.messages


def test_nothing_is_read_at_import() -> None:
    wrong = {"GREENLIGHT_POLL_SECONDS": "wrong", "DASHSCOPE_HTTP_BASE_URL": "wrong"}
    script = "import greenlight.settings, greenlight.screening.screener, greenlight.filming.filmer"
    root = Path(__file__).parents[1]
    subprocess.run([sys.executable, "-c", script], env=wrong, cwd=root, check=True, timeout=60)
