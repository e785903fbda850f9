"""What the process that decodes may use, as the kernel holds it."""

from __future__ import annotations

import resource


def limit_resources(memory_max: int, cpu_s: int) -> None:
    """Limit memory and processor time; no core is dumped."""
    for limit, most in (
        (resource.RLIMIT_AS, memory_max),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (most, most))


def close_everything() -> None:
    """Open no file and no socket from here on, nor let a file grow; what is open stays so."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
