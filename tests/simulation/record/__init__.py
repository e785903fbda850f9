"""A double of PostgreSQL: each query file that `push` runs, as a function over tables in memory.

Bounded by what one seed files. Statements and transactions run one after another: what two transactions of PostgreSQL
see of each other meanwhile is not simulated.
"""
