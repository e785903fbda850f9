"""Commands that fail: one line that says what to do, and never a secret, whoever runs them with no logs set up."""

from __future__ import annotations

import asyncio
import base64
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "whsec_" + base64.b64encode(b"twenty-four secret bytes").decode()
CHILD = "小明"


async def _typed(*arguments: str) -> tuple[int | None, str]:
    """Run Python as typed in a terminal, in a process of its own; returns the exit code and all that it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    printed, _ = await process.communicate()
    return process.returncode, printed.decode()


@pytest.mark.parametrize("command", ["file-case", "file-notice"])
@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "127.0.0.1:8470"], ids=["nobody listens", "no scheme"])
async def test_a_mistyped_address_prints_one_line_and_no_secret(command: str, url: str, tmp_path: Path) -> None:
    """What goes into a ticket names neither the secret nor the child."""
    file = tmp_path / "case.json"
    file.write_text(f'{{"child": {{"name": "{CHILD}"}}}}', encoding="utf-8")
    options = ("--authority", "sz", "--secret", SECRET, "--url", url)
    code, printed = await _typed("-m", "server.cli", command, str(file), *options)
    assert (code, len(printed.splitlines())) == (1, 1)
    assert "--url" in printed
    assert SECRET not in printed
    assert CHILD not in printed


async def test_a_bug_in_a_command_is_told_by_its_places_alone() -> None:
    """No variable and no text of an exception, although such a command sets up no logs."""
    code, printed = await _typed(
        "-c",
        "from server.failures import exit_code_of\n"
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
