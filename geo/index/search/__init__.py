"""Searches of areas: what Redis is asked for, and who of the replies is a member."""
