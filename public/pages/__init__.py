"""The page of an alert in each language, what is left of it after its end, and the state that open tabs ask for.

Pure: from what the record has of an alert to bytes. No name, picture or place is in a page of an alert that is over.
A page is one document with its style in it, one module (`modules.py`) and the photo; it works without the module.
"""
