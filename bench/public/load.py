"""Makes a storm with `wrk`, a client in C: as many requests as a server answers, a beacon after every so many opens.

Bounded: `CONNECTIONS` connections, the caller's seconds.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CONNECTIONS: Final = 64
THREADS: Final = 1
NICEST: Final = 19

_SCRIPT: Final = """
local paths = {{{paths}}}
local opens, number, requests = {opens}, 0, {{}}
local post = nil
init = function(args)
  local headers = {{ ["Host"] = "alerts.example", ["Accept-Encoding"] = "gzip, deflate, br", ["Accept"] = "*/*",
                     ["User-Agent"] = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130 Mobile" }}
  for _ = 1, opens do
    for _, path in ipairs(paths) do requests[#requests + 1] = wrk.format("GET", path, headers) end
  end
  if "{beacon}" ~= "" then
    headers["Content-Type"] = "text/plain"
    requests[#requests + 1] = wrk.format("POST", "{beacon}", headers, "open p")
  end
end
request = function()
  number = number % #requests + 1
  return requests[number]
end
done = function(summary)
  local e = summary.errors
  io.write(string.format("\\nTOTAL %d %d %d %d\\n", summary.requests, summary.duration, e.status,
                         e.connect + e.read + e.write + e.timeout))
end
"""


class Load(msgspec.Struct, frozen=True):
    """Requests that were answered, of which `refused` with an error, and in how many seconds."""

    requests: int
    seconds: float
    refused: int
    broken: int

    @property
    def per_s(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def is_there() -> bool:
    """Tell whether this machine has what makes the storm, and what it is compared with."""
    return all(shutil.which(one, path="/usr/local/bin:/usr/bin:/usr/sbin:/bin") for one in ("wrk", "nginx"))


async def storm(
    folder: Path, url: str, paths: Sequence[str], seconds: float, *, opens: int = 1, beacon: str = "", nice: int = 0
) -> Load:
    """Ask for these paths in turn, and send a beacon after every `opens` turns."""
    script = folder / "storm.lua"
    quoted = ", ".join(f'"{path}"' for path in paths)
    await asyncio.to_thread(script.write_text, _SCRIPT.format(paths=quoted, opens=opens, beacon=beacon))
    process = await asyncio.create_subprocess_exec(
        "nice",
        f"-n{nice}",
        "wrk",
        f"-t{THREADS}",
        f"-c{CONNECTIONS}",
        f"-d{seconds:.0f}s",
        "-s",
        str(script),
        url,
        stdout=subprocess.PIPE,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin"},
    )
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    [line] = [line for line in output.decode().splitlines() if line.startswith("TOTAL")]
    requests, microseconds, refused, broken = map(int, line.split()[1:])
    return Load(requests, microseconds / 1e6, refused, broken)
