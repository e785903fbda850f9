"""What a server does about what strangers saw: takes it in, tells the police, deletes what is kept of it.

Each is a task or a part of one that says what is wrong as alarms. Bounded: as each of them is.
"""
