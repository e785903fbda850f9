"""CAP documents and messages for tests."""
