"""The life of an alert: files it, moves it through its states, and ends it, or says why not.

`filing` begins an alert as its authority's `review` says; `lifecycle` is the table of what may follow what.
`actions` does one thing to one alert in one transaction, with its event in the audit trail. `watch` begins what is due
and raises alarms about what waits for a person; `record` verifies, summarises and deletes what is kept.
Bounded: one alert at a time. Nothing here sends: it makes sweeps, and notifies `push.fanout.stops` of what is halted.
"""
