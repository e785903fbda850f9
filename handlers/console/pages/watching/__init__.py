"""Pages on which somebody watches an alert: its map, its rates, its trail, and whom it would reach if it were wider.

Each shows what the API answers. Bounded by `handlers.operators.watching`; `ROWS_MAX` rows of rates.
"""
