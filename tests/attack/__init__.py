"""Floods of strangers against a server that sends: how much slower is what matters, measured beside the same in quiet.

`world` runs servers on embedded stores with a SIMULATED provider, `measures` sends alerts, probes and files cases,
`floods` has a file for each flood, which runs in processes of its own (`clients`), `cli` runs all, `table` prints it.
"""
