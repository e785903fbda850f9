"""The screens of administrators, under `/console/administration`: each form is a change of the API, with its event.

Secrets and tokens are shown once, on the answer of the form that made them; a form that is sent again makes no second
one. What cannot be taken back asks for the name of what is meant, typed, and for a reason.
"""
