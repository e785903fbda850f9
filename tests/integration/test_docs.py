"""Documents and examples: their commands and bodies are used here exactly as written, with a real server."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from handlers.police.notices import PoliceNotice
from push.alarms import table
from push.alerts.lifecycle import BY_ITSELF, Action
from server.administration.file_case import send_notice
from tests.support.cap.messages import post
from tests.support.life.officers import Officers
from tests.support.routes import route_table

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

ROOT = Path(__file__).parents[2]
EXAMPLES, OPERATORS, POLICE = ROOT / "examples", ROOT / "docs" / "operators.md", ROOT / "docs" / "police.md"
CASE_NUMBER = "SZ-2026-000123"
TYPED = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in ("curl", "openssl", "od")),
    reason="the examples are for machines that have curl, openssl and od",
)


async def _run(*arguments: str, **env: str) -> tuple[int | None, str]:
    """Run a command as typed; returns its exit code and its output."""
    process = await asyncio.create_subprocess_exec(
        *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env={**os.environ, **env}
    )
    printed, _ = await process.communicate()
    return process.returncode, printed.decode()


def _bodies() -> dict[str, str]:
    """Return the bodies of actions from the operators' page."""
    return dict(re.findall(r"^\| `(\w+)` \| `(\{.*\})` \|$", OPERATORS.read_text(encoding="utf-8"), re.MULTILINE))


@TYPED
async def test_the_example_signs_and_files_a_case_with_openssl_and_curl(deployment: Deployment, tmp_path: Path) -> None:
    """Accepted as new, then as the existing case; refused with another secret."""
    server = await deployment.server()
    case = json.loads((EXAMPLES / "case.json").read_text(encoding="utf-8"))
    case["last_seen"]["at"] = datetime.now(UTC).isoformat()
    file = tmp_path / "case.json"
    file.write_text(json.dumps(case, ensure_ascii=False), encoding="utf-8")
    script, case = str(EXAMPLES / "file-case.sh"), str(file)
    for secret, code, status in (
        (deployment.secret, 0, "202"),
        (deployment.secret, 0, "200"),
        ("whsec_" + "A" * 32, 1, "401"),
    ):
        ended, printed = await _run(script, case, server.url, AUTHORITY="sz", SECRET=secret)
        assert (ended, printed.split()[-1]) == (code, status), printed


@TYPED
async def test_the_cap_example_is_accepted_signed_by_the_signing_example(
    deployment: Deployment, tmp_path: Path
) -> None:
    """Unsigned it waits for two people; signed by the pinned certificate it is sent."""
    server = await deployment.server()
    now = datetime.now(UTC).isoformat(timespec="seconds")
    text = (EXAMPLES / "alert.cap.xml").read_text(encoding="utf-8")
    text = re.sub(r"<sent>.*</sent>", f"<sent>{now}</sent>", text)
    status, answer = await post(server, text.encode())
    assert (status, answer["notes"]) == (202, ["not verified, so it waits for review: it is not signed"])
    message, key, certificate = (tmp_path / name for name in ("alert.xml", "key.pem", "certificate.pem"))
    message.write_text(text, encoding="utf-8")
    (made,) = re.findall(r"^ +(openssl req .*)$", POLICE.read_text(encoding="utf-8"), re.MULTILINE)
    made = made.replace("key.pem", str(key)).replace("certificate.pem", str(certificate))
    code, printed = await _run(*made.split())
    assert code == 0, printed
    await deployment.run("authority", "pin", "sz", str(certificate))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *map(str, (EXAMPLES / "sign_cap.py", message, key, certificate)),
        stdout=asyncio.subprocess.PIPE,
    )
    signed, _ = await process.communicate()
    status, answer = await post(server, signed)
    assert (status, answer["alert"]["review"]["verified"]) == (202, True)
    assert answer["alert"]["area"]["circle"] == {"longitude": 114.0579, "latitude": 22.5431, "radius_km": 120}
    late = text.replace(now, now.replace("+00:00", "Z"))
    assert (await post(server, late.encode()))[0] == 422, "as in the page and in the standard"


async def test_every_action_is_on_the_operators_page_with_a_body_that_is_accepted(deployment: Deployment) -> None:
    """Each body decodes as its struct; those of an alert's life are executed in this order."""
    bodies = _bodies()
    taken = {
        route.path.rpartition("/")[2]: route.body
        for route in route_table()
        if route.path.startswith("/v1/alerts/{id}/") and "{sighting}" not in route.path
    }
    kinds = {name: body.kind for name, body in taken.items() if body is not None}
    assert set(bodies) == set(kinds) == set(Action) - BY_ITSELF
    for name, body in bodies.items():
        msgspec.json.decode(body, type=kinds[name])
    officers = Officers(deployment, await deployment.server())
    await deployment.provider()
    alert = (await deployment.file(officers.server, case_number=CASE_NUMBER))[1]["alert"]["id"]
    await deployment.sent(officers.server, alert)
    for name in ("pause", "resume", "update", "rings", "extension", "found"):
        change_request: dict[str, Any] = json.loads(bodies[name])
        status, answer = await deployment.post(f"{officers.server.url}/v1/alerts/{alert}/{name}", change_request)
        assert status == 200, (name, answer)


async def test_the_notice_on_the_police_page_is_accepted(deployment: Deployment) -> None:
    """Signed like a case, it ends the alert."""
    server = await deployment.server()
    await deployment.file(server, case_number=CASE_NUMBER)
    (notice,) = re.findall(r"```json\n(.*)\n```", POLICE.read_text(encoding="utf-8"))
    msgspec.json.decode(notice, type=PoliceNotice)
    status, answer = await send_notice(server.url, "sz", deployment.secret, notice.encode())
    assert (status, msgspec.json.decode(answer)["alert"]["state"]) == (200, "found")


def test_every_alarm_is_on_the_operators_page() -> None:
    """The page contains the table made from the enum: what each alarm means and what to do."""
    assert table() in OPERATORS.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]), ids=lambda page: page.name)
def test_every_link_of_a_page_has_a_target(page: Path) -> None:
    """No link of a page leads nowhere in the repository."""
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), target
