"""What happens in a simulation: processes, providers, people, operators and faults.

Bounded: three processes, two lanes, some dozens of people, two alerts.
"""
