"""Brings pages to where they are served from, after each change of an alert, and takes them away.

A change of an alert and the wish to publish it are one transaction; the publisher (`publisher.py`) makes the wish true,
in any process, as often as it takes. Objects are in a folder or in S3 (`public/objects.py`). Bounded: one alert at a
time a process.
"""
