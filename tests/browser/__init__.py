"""Tests that open the pages of a running server in Chromium."""
