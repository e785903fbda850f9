"""What every route needs: its declaration, its request and response, and problems (RFC 9457).

Bounded: bodies by their route, bad fields by `problems.ERRORS_MAX`.
"""
