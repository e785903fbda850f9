"""Providers of tests: simulated ones, and peers that answer as they are told."""
