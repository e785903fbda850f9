"""The life of an alert: filings and orders flow in, an alert in the next of its states flows out, or why not.

`filing` begins an alert as its authority's `review` says; `lifecycle` is the table of what may follow what.
`operations` does one thing to one alert in one transaction, with its event in the audit trail; what the thing is stands
in a file of its own. `warnings` says what waits for a person, `deletion` ends what is kept.
Bounded: one alert at a time. Nothing here sends anything: sweeps are made, and `push.fanout.stops` hears of what is halted.
"""
