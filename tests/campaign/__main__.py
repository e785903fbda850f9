"""`python -m tests.campaign`: see `tests.campaign.cli`.

Every server that is forked reads this file again, so it imports nothing before it is asked to.
"""

from __future__ import annotations

if __name__ == "__main__":
    from tests.campaign.cli import faults

    faults()
