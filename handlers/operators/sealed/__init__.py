"""What is sealed: notes of the police, and how a case ended; each with who may read it.

Bounded by the case; statistics by the words that an outcome can be.
"""
