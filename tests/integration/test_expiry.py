"""Certificates, webhook secrets and tokens that expire soon raise an alarm until they are renewed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import sql.access
from push.alarm_kinds import AlarmKind
from push.alarms import AlarmBoard
from server.settings_sections import TlsSettings
from server.simulators.certificate import DAYS, context_in
from server.upkeep.credential_expiry import Expiry, certificates

if TYPE_CHECKING:
    from pathlib import Path

    from sql.database import Pool
    from tests.support.processes.deployment import Deployment

FORTNIGHT = timedelta(days=14)


def _standing(board: AlarmBoard) -> set[str]:
    return {alarm.about for alarm in board.standing if alarm.kind is AlarmKind.EXPIRES_SOON}


async def test_an_imminent_expiry_is_an_alarm_until_renewal() -> None:
    """A renewal that also expires soon raises another one; a later expiry clears the alarm, or raises none."""
    board, now = AlarmBoard(), datetime.now(UTC)
    notified: list[tuple[bool, str]] = []
    board.publish = lambda alarm: notified.append((alarm.raised, alarm.detail))
    ends = {"key": now + timedelta(days=3), "far": now + timedelta(days=15), "gone": now - timedelta(days=1)}

    async def pinned() -> list[tuple[str, datetime]]:
        return list(ends.items())

    expiry = Expiry(board, FORTNIGHT, (pinned,))
    await expiry.look()
    await expiry.look()
    assert _standing(board) == {"key", "gone"}
    assert len(notified) == 2
    assert ends["key"].isoformat() in notified[0][1]
    ends["key"] += timedelta(days=1)
    await expiry.look()
    assert [raised for raised, _ in notified[2:]] == [False, True]
    ends["key"] += timedelta(days=100)
    await expiry.look()
    assert _standing(board) == {"gone"}


def test_the_expiry_of_a_certificate_is_read_and_an_unreadable_file_is_ignored(tmp_path: Path) -> None:
    """Both files are tried; whether an unreadable one works is for TLS to decide."""
    context_in(tmp_path, [])
    tls = TlsSettings(certificate=tmp_path / "cert.pem", key=tmp_path / "key.pem", client_ca=tmp_path / "cert.pem")
    ends = certificates(tls)
    assert [name.split(" (")[0] for name, _ in ends] == ["[tls] certificate", "[tls] client_ca"]
    assert all(timedelta(days=DAYS - 1) < end - datetime.now(UTC) <= timedelta(days=DAYS) for _, end in ends)
    assert certificates(TlsSettings(certificate=tmp_path / "key.pem", key=tmp_path / "key.pem")) == []
    assert certificates(None) == []


async def test_expiring_tokens_and_secrets_are_found_and_replaced_ones_are_not(
    deployment: Deployment, pool: Pool
) -> None:
    """A token until a fortnight after its expiry or revocation; a secret while the authority has no newer one."""
    ending = partial(sql.access.ending, pool, FORTNIGHT)
    assert await ending() == []
    await deployment.query("update bearer_token set expires_at = now() + interval '13 days'")
    await deployment.query("update authority_secret set expires_at = now() + interval '1 day'")
    assert [name for name, _ in await ending()] == ["the webhook secret of sz", "token 1 (admin)"]
    await deployment.query("insert into authority_secret (authority_id, ciphertext) values ('sz', 'new')")
    await deployment.query("update bearer_token set expires_at = now() - interval '13 days'")
    assert [name for name, _ in await ending()] == ["token 1 (admin)"]
    assert await sql.access.revoke_token(pool, 1)
    assert await ending() == []
