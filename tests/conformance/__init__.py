"""Tests of kind: conformance."""
