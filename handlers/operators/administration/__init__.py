"""Administers a running system over HTTP: authorities, tokens, lanes. The work is that of `handlers.administration`.

Only for administrators who belong to no authority. What cannot be taken back asks for the name of what is meant, typed.
"""
