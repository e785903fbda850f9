"""Stores of tests: a cluster, connections that can be cut, boundaries, users who change lanes."""
