"""Tells the police what strangers saw, and when an alert is sent and over, by webhooks that are signed.

Standard Webhooks 1.0. An event is written by the transaction that causes it and sent until it is taken, for a day.
Bounded: `sql.police_events`; `sending.py` names the times.
"""
