"""A structured fuzzer of everything that comes in: cases, notices, CAP, updates, device reports and subscriptions.

`values` draws what people and programs write, `inputs` puts a value into every field of every kind of input, `promises`
holds what is accepted to what we promise of it, `live` sends a part of the inputs to a real server, and `campaign` runs
rounds of them, each by its seed. `python -m tests.property.fuzz --cases N` is the long run.
"""
