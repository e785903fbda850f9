"""The OpenAPI 3.1 document, made from the declarations of the routes.

Bounded by the routes.
"""
