"""Fault tests: processes are killed, stores restart and providers fail in the middle of an alert."""
