"""What a server does for the public's side with what strangers and others send: each a task that raises alarms.

Bounded: as each task is.
"""
