"""How much is taken in of strangers: bodies at once, and reports of an address block, at most what the disk may hold.

Counts are of this process, and forgotten when it ends. Each part names its bounds.
"""
