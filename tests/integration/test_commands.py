"""Commands that fail: one line says what to do, and holds no secret, with or without logging."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import sys
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from server.settings import SettingsError
from server.stores import COMMAND_WAIT_S, STORE_WAIT_S, Stores, migrate
from tests.support.processes.processes import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.processes.deployment import Deployment

SECRET = "whsec_" + base64.b64encode(b"twenty-four secret bytes").decode()
CHILD = "小明"
CONFIG = """
listen = "127.0.0.1:{port}"
state_dir = "{state}"
[lanes.tpns]
url = "http://127.0.0.1:1"
access_id = "simulated"
secret_key = "simulated"
"""


async def _typed(*arguments: str) -> tuple[int | None, str]:
    """Run Python as typed in a terminal, as a process of its own; returns the exit code and the whole output."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    printed, _ = await process.communicate()
    return process.returncode, printed.decode()


@pytest.mark.parametrize("command", ["file-case", "file-notice"])
@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "127.0.0.1:8470"], ids=["nobody listens", "no scheme"])
async def test_a_mistyped_address_prints_one_line_and_no_secret(command: str, url: str, tmp_path: Path) -> None:
    """The line can be copied into a ticket: it names neither the secret nor the child."""
    file = tmp_path / "case.json"
    file.write_text(f'{{"child": {{"name": "{CHILD}"}}}}', encoding="utf-8")
    options = ("--authority", "sz", "--secret", SECRET, "--url", url)
    code, printed = await _typed("-m", "server.cli", command, str(file), *options)
    assert (code, len(printed.splitlines())) == (1, 1)
    assert "--url" in printed
    assert SECRET not in printed
    assert CHILD not in printed


async def test_a_bug_in_a_command_is_reported_by_its_places_alone() -> None:
    """No variable and no text of an exception, although the command sets up no logging."""
    code, printed = await _typed(
        "-c",
        "from server.commands.failures import exit_code_of\n"
        "def fails(secret):\n"
        "    raise KeyError(secret)\n"
        "try:\n"
        f"    fails('{SECRET}')\n"
        "except KeyError as error:\n"
        "    raise SystemExit(exit_code_of(error))",
    )
    assert code == 1
    assert "KeyError" in printed
    assert "fails" in printed
    assert SECRET not in printed


@pytest.mark.parametrize("command", ["tpns", "apns", "serve"])
async def test_a_port_in_use_is_reported_in_one_line(command: str, tmp_path: Path) -> None:
    """By a simulated provider and by the server, which sends nothing before it listens; it is not reported as a bug."""
    key = ec.generate_private_key(ec.SECP256R1())
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.p8").write_bytes(key.private_bytes(*form))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        config = tmp_path / "qq-alert.toml"
        config.write_text(CONFIG.format(port=port, state=tmp_path / "state"), encoding="utf-8")
        options = {"apns": ["--key-file", str(tmp_path / "key.p8")]}.get(command, [])
        typed = ["simulate", command, "--port", port, *options]
        tmp_path.chmod(0o755)
        code, printed = await _typed(
            "-m", "server.cli", *(typed if command != "serve" else ["serve", "--config", str(config)])
        )
    assert code == (2 if command == "serve" else 1)
    lines = [line for line in printed.splitlines() if not line.startswith("{")]
    assert len(lines) == 1, printed
    assert "in use" in lines[0]
    assert "process.died" not in printed


async def test_a_command_reports_soon_that_postgresql_is_unavailable() -> None:
    """The wait is bounded, because a person waits; the line names what it waited for."""
    nowhere = Stores("postgresql://x@127.0.0.1:1/x", "redis://127.0.0.1:1", embedded=False, dead=lambda: None)
    assert COMMAND_WAIT_S < STORE_WAIT_S
    with pytest.raises(SettingsError, match=r"PostgreSQL did not answer within 0 s"):
        await migrate(nowhere, 0.2)


@pytest.mark.parametrize(
    ("content", "secret", "word"),
    [
        (b'{"case_number": "\xb3\xc9"}', SECRET, "UTF-8"),
        (b"{}", "whsec_%%", "base64"),
        (b"{}", "whsec_", "base64"),
    ],
    ids=["another encoding", "no base64", "empty"],
)
async def test_an_invalid_file_or_secret_is_reported_in_one_line(
    content: bytes, secret: str, word: str, tmp_path: Path
) -> None:
    """It is not reported as a bug, and no secret is printed."""
    file = tmp_path / "case.json"
    file.write_bytes(content)
    options = ("--authority", "sz", "--secret", secret, "--url", "http://127.0.0.1:1")
    code, printed = await _typed("-m", "server.cli", "file-case", str(file), *options)
    assert (code, len(printed.splitlines())) == (1, 1), printed
    assert word in printed
    assert SECRET not in printed


async def test_the_example_is_filed_as_of_now(deployment: Deployment) -> None:
    """`--seen-now` makes it a case of today, whatever the date; without it a year-old case is refused."""
    server = await deployment.server()
    file = deployment.folder / "case.json"
    example = json.loads((ROOT / "examples" / "case.json").read_text(encoding="utf-8"))
    example["last_seen"]["at"] = "2025-01-01T08:00:00+08:00"
    file.write_text(json.dumps(example), encoding="utf-8")
    typed = [
        "-m",
        "server.cli",
        "file-case",
        str(file),
        "--authority",
        "sz",
        "--secret",
        deployment.secret,
        "--url",
        server.url,
    ]
    code, printed = await _typed(*typed)
    assert (code, "HTTP 422" in printed, "days ago" in printed) == (1, True, True)
    code, printed = await _typed(*typed, "--seen-now")
    assert (code, "HTTP 202" in printed) == (0, True)
    assert "no boundaries of cities" in printed, "the command reports what it did not check"
