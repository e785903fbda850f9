"""Lets several authorities share a case, and unites what they may reach.

Bounded by its modules.
"""
