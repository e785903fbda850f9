"""Tests: names are sentences, docstrings state what is proved; stores are real, providers are simulated over HTTP."""
