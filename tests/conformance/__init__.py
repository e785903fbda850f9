"""Conformance tests: client libraries, published schemas and protocol libraries by others check our code."""
