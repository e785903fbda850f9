"""Stores for tests: a Valkey cluster, a proxy that cuts connections, city boundaries, users who change lanes."""
