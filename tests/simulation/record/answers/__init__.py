"""What the record's double answers, query by query: to import these modules registers their queries.

Bounded by the tables.
"""

from tests.simulation.record.answers import (
    alerts,
    entrants,
    filing,
    held_notices,
    index_marks,
    ledger,
    passes,
    preferences,
    progress,
    work,
)

ALL = alerts, entrants, filing, held_notices, index_marks, ledger, passes, preferences, progress, work
"""The modules with the queries."""
