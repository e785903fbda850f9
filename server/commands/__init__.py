"""The command line, one file a command group.

A command ends when its work does; `serve` ends on a signal.
"""
