"""What is published of all alerts together: a few numbers with their definitions, as JSON and as a page.

No small numbers of people, and nothing that says how one case ended. Bounded: five numbers.
"""
