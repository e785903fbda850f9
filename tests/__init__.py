"""Tests: names are sentences, docstrings state the truth proved; real stores, simulated providers on the wire."""
