"""`python -m tests.hostile_pictures`: see `tests.hostile_pictures`."""

from __future__ import annotations

if __name__ == "__main__":
    from tests.hostile_pictures.cli import hostile_pictures

    hostile_pictures()
