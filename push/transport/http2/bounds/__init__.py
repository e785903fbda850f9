"""What a provider may cost us on one connection, and how often we connect: counts flow in, a leave or an error flows out.

Bounded: a few numbers a connection.
"""
