"""A configuration that cannot be used names the value and the reason, and the command exits with 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.administration.encryption import encryption_key
from server.settings import SettingsError, load, policies
from tests.support.processes.processes import Process

LANE = '[lanes.tpns]\nurl = "http://x"\naccess_id = "a"\nsecret_key = "s"\n'


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("colour = 1", "colour"),
        ('listen = "8470"', "listen"),
        ("lease_s = 0", "lease_s"),
        ("[alert]\nradius_km = 5000", "radius_km"),
        ('[security]\nencryption_key = "short"', "encryption_key"),
        ('[lanes.pigeon]\nurl = "http://x"\naccess_id = "a"\nsecret_key = "s"', "pigeon"),
        (LANE + "workers = 0", "workers"),
        (LANE + "speed = 1", "speed"),
        ("[lanes.tpns]\nurl = 1", "lanes"),
        ('[tls]\ncertificate = "nowhere.pem"\nkey = "nowhere.key"', "nowhere.pem"),
        ("[retention]\nchild_after_found_h = 25", "child_after_found_h"),
        ("[retention]\nrecipients_h = 23", "recipients_h"),
        ("listen = [", "qq-alert.toml"),
        ("[alert]\nlate_entrants_gap_s = 60", "late_entrants_gap_s: no setting any more"),
        ("[alert]\nlate_entrants_burst = 10", "late_entrants_burst: no setting any more"),
    ],
)
def test_a_bad_value_is_named(tmp_path: Path, text: str, names: str) -> None:
    """The error contains the name of the setting."""
    file = tmp_path / "qq-alert.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=names):
        load(file, {})


def test_the_configuration_among_the_examples_can_be_read_and_has_a_ring_policy_of_its_own() -> None:
    """A new ring policy is configuration alone: alerts take the rings that the file names."""
    settings = load(Path(__file__).parents[2] / "examples/qq-alert.toml", {})
    assert [ring.radius_km for ring in policies(settings)[settings.alert.policy].rings] == [5, 20, 100]


def test_the_environment_overrides_the_file_and_unknown_names_are_errors(tmp_path: Path) -> None:
    """Every value can come from the environment."""
    file = tmp_path / "qq-alert.toml"
    file.write_text(LANE)
    environ = {"QQ_ALERT_LANES__TPNS__WORKERS": "7", "QQ_ALERT_STATE_DIR": "/x", "HOME": "/root"}
    settings = load(file, environ)
    assert (settings.lanes["tpns"].workers, settings.lanes["tpns"].url, settings.state_dir) == (
        7,
        "http://x",
        Path("/x"),
    )
    with pytest.raises(SettingsError, match="colour"):
        load(file, {"QQ_ALERT_COLOUR": "red"})


def test_without_a_configured_key_one_is_made_once_outside_of_the_database(tmp_path: Path) -> None:
    """Only the server's user can read the key file, and it stays the same."""
    settings = load(None, {"QQ_ALERT_STATE_DIR": str(tmp_path / "state")})
    first = encryption_key(settings)
    assert encryption_key(settings) == first
    assert (tmp_path / "state" / "encryption.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("environ", [{"QQ_ALERT_COLOUR": "red"}, {"QQ_ALERT_LEASE_S": "never"}, {}])
def test_serve_exits_with_two_when_it_cannot_start(tmp_path: Path, environ: dict[str, str]) -> None:
    """An unknown name, an impossible value, no lane at all: exit code 2."""
    env = {"QQ_ALERT_STATE_DIR": str(tmp_path), **environ}
    assert Process("serve", env=env).wait() == 2


def test_a_time_zone_that_does_not_exist_is_named() -> None:
    """An unknown time zone would mean no night at all."""
    with pytest.raises(SettingsError, match="Asia/Shangai"):
        load(None, {"QQ_ALERT_ALERT__SOUND__TIME_ZONE": "Asia/Shangai"})
