"""What came of an alert: how many people opened its page, shared it, reported something, and through which channel.

Counts without any identifier of a person; where only one in N is counted, with the interval. Bounded: counters of the
alerts that live, by channel and minute.
"""
