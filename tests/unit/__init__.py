"""Unit tests: one part of the code at a time, without stores, on a jumping clock where time matters."""
