"""Persons: whose tokens act on alerts, and how their names are compared.

Bounded by the tokens that there are.
"""
