"""Processes for tests: servers and simulated providers, ended by their id; a deployment of them; a jumping clock."""
