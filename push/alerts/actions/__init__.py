"""What people do to an alert: each action is one transaction with its event in the audit trail.

`operations` runs it, `decisions` and `changes` say what each action does, `proposals` is what waits for approval.
Bounded: one alert at a time, one proposal at a time.
"""
