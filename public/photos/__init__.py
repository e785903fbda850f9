"""Pictures of others: fetched once without reaching into our network, decoded in a process of their own, made anew.

Nothing of the bytes that came is served: what is stored was encoded here. Bounded: bytes, pixels, seconds, memory.
"""
