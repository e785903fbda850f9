"""`python -m tests.attack`: see `tests.attack.cli`.

Every process that is started reads this file again, so it imports nothing before it is asked to.
"""

from __future__ import annotations

if __name__ == "__main__":
    from tests.attack.cli import attack

    attack()
