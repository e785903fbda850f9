"""End-to-end tests: commands are run as a user runs them."""
