"""Takes what waits in the inbox into the record, and looks after what cannot be taken in yet.

`collector` takes in, a look a second, and needs the record. `aside` keeps what nobody could read or what names a page
that the record does not know, and tries it again. `tidying` removes what no report needs; it is a task of its own, so
that it holds up no report. Nothing throws an acknowledged report away but `aside`, what nobody could open for a month.
Bounded: each part names its bounds.
"""
