"""The kinds of faults: of processes, of the ways between them, of the stores."""

from __future__ import annotations

from tests.campaign.faults import processes, stores, ways

KINDS = {**processes.KINDS, **ways.KINDS, **stores.KINDS}
"""All kinds by name."""

__all__ = ["KINDS"]
