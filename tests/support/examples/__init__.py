"""The example cases, and what phones show of each: `./run python -m tests.support.examples` writes it anew.

Bounded by the files of `examples/cases`.
"""
