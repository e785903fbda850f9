"""Late entrants: who comes into the area of a live alert is notified by event, at a cost that follows who enters.

A report is held against the areas that live, who entered is noted in the record before it is answered, and each lane
works through what is noted, minus the ledger. Full passes over the areas are only the net beneath.
"""
