"""What of alerts is due by itself: transitions, passes, morning reminders; alert by alert where one is refused.

Bounded by each statement, and by `sql.apart`.
"""
