"""The deterministic simulation of `push`: real engines on virtual time, doubles of stores, providers that fail.

`clock` is the loop, `record` and `index` are the doubles, `world` has what happens, `invariants` judge it from outside.
`tests/conformance/test_store_doubles.py`, `test_entrants_double.py` and `test_index_double.py` compare the doubles with
the real stores. Bounded: some tens of simulated seconds are stepped finely in each seed; the hours between them are
jumped: all clocks go on together, and nothing runs meanwhile.

What it does not show: transactions that run at the same time (they run one after another here, so no lock is skipped
and no two see each other), a cluster of Redis, HTTP and real providers, and how long anything takes.
"""
