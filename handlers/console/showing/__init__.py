"""How pages are made: templates, texts in the languages of the console, and static files under names that change.

Bounded by the files of this package.
"""
