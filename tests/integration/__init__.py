"""Integration tests: servers or parts of them on real stores."""
