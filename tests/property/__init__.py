"""Property tests: Hypothesis generates inputs and events, and invariants must hold for all of them."""
