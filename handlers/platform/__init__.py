"""What the messaging platform's backend sends: device reports, users to forget, users enrolled for exercises.

Bounded: reports and bytes a request.
"""
