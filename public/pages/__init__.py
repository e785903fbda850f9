"""The page of an alert in each language, what is left of it after its end, and the state that open tabs ask for.

Pure: from what the record has of an alert to bytes. No name, picture or place is in a page of an alert that is over.
"""
