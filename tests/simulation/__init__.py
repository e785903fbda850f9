"""The deterministic simulation of `push`: real engines on virtual time, doubles of the stores, providers that fail.

`clock` is the loop, `record` and `redis` are the doubles, `world` has what happens, `invariants` judges it from outside.
`tests/conformance/test_store_doubles.py` checks the doubles against the real stores. Bounded: some tens of simulated
seconds are stepped finely in each seed, and the hours between them are jumped.
"""
