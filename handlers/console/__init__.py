"""The operator console: pages for people who watch alerts, judge them and stop them, under `/console`.

Pages are written here, and their forms work without JavaScript; modules of ours make them live. What a form does is
what the API does: the same actions, with the same rules and the same audit. Bounded: `FORM_BYTES` a form, sessions by
`sql.sessions`, what a page lists by the API's own bounds.
"""
