"""Accepts connections and serves them: places, deadlines, and what is dropped of a request that is answered early."""
