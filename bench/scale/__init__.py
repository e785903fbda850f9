"""Scale: what a whole nation, and many processes on the same stores, cost.

Bounded: the memory of the machine, which is looked at first.
"""
