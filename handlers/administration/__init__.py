"""Administers a running system, for the command line and the console alike: authorities, tokens, lanes, enrolment.

Each function does one thing in one transaction, with its event in the audit trail, and returns what came of it; what it
refuses is a value (`handlers.http.problems.Refusal`), and then nothing was changed. Secrets and tokens are returned
once, and stored encrypted or as digests. Bounded: as each module says.
"""
