"""Reading changes nothing: every route of the console that takes GET, asked for by an administrator."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from handlers.http.roles import Role
from tests.browser.screens import FILES, console_routes, paths_of, stage
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.browser.desk import Desk

KEPT: Final = {"audit_event", "audit_reason", "browser_session"}
"""Who read what is an event of the trail, and a session knows when it was used last."""

RUNNING: Final = {"alarm", "lane_report", "rate_sample", "server_process"}
"""What servers write by themselves while they run."""

TIDIED: Final = {"sweep": "open"}
"""A column that servers tidy while they run, by its table."""

DUE: Final = """select 1 from sweep_unit u join sweep s on s.id = u.sweep_id join alert a on a.id = s.alert_id
where not u.done and s.due_at <= now() and a.state <> 'in_review'"""
"""What is still to be sent, of alerts that are: the notice that a child was found, say."""

READING: Final = "read"
TIMES: Final = 5
"""A page is asked for at most so often."""


async def _digests(desk: Desk) -> dict[str, str]:
    """Return a digest of all rows of each table."""
    tables = await desk.deployment.query("select tablename from pg_tables where schemaname = 'public'")
    names = sorted(row[0] for row in tables if row[0] not in KEPT | RUNNING)
    found: dict[str, str] = {}
    for name in names:
        row = f"(to_jsonb(t) - '{TIDIED.get(name, '')}')::text"
        text = f"select md5(coalesce(string_agg({row}, '|' order by {row}), '')) from {name} t"  # noqa: S608 - our names
        [(digest,)] = await desk.deployment.query(text)
        found[name] = digest
    return found


async def _status(page: Page, url: str) -> int:
    """Return the status of a page; where a busy machine's PostgreSQL did not answer in time, that of asking again."""
    for _ in range(TIMES):
        status = (await page.request.get(url)).status
        if status != HTTPStatus.SERVICE_UNAVAILABLE:
            break
    return status


async def test_no_get_changes_anything_but_what_says_who_read(desk: Desk) -> None:
    """All tables are as they were, and what the trail gained are readings."""
    scene = await stage(desk)

    async def is_all_sent() -> bool:
        return not await desk.deployment.query(DUE)

    await until(is_all_sent)
    page = await desk.signed_in(Role.ADMIN, "Anna")
    [(newest,)] = await desk.deployment.query("select max(seq) from audit_event")
    before = await _digests(desk)
    for route in console_routes("GET"):
        for path in paths_of(route.path, scene) if route.path != FILES else ():
            assert await _status(page, f"{desk.server.url}{path}") < 500, path
    after = await _digests(desk)
    assert [name for name, digest in after.items() if before[name] != digest] == []
    events = await desk.deployment.query(
        "select content::json->'event'->>'action' from audit_event where seq > $1", newest
    )
    assert {row[0] for row in events if not row[0].startswith(READING)} == set()
