"""How reports come in: their objects, how they are sealed, who may send how many, and what is proved.

Used by whoever takes them in, which reaches no store, and by the collector. Pure. Bounded: each part names its bounds.
"""
