"""What a server looks after from time to time: old receipts, and what expires soon.

Bounded: once an hour.
"""
