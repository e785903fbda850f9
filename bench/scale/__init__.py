"""Scale: what many alerts, many reports, many processes and a whole nation cost.

Bounded: the memory of the machine, the minutes of each step.
"""
