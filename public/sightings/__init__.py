"""What strangers saw: taken in sealed, read by operators, passed on to the police, deleted with the child's data.

Whoever takes reports in has a public key and can open none of them. Bounded: quotas of bytes and counts, of an alert,
an address block and all.
"""
