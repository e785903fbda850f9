"""The commands of `qq-alert`, one file for each group: they parse options, call `server.administration`, and print.

Bounded: a command ends when its work does; `serve` ends on a signal.
"""
