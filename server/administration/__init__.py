"""What commands do: authorities and tokens, bulk imports, filing a case as the police would.

Bounded: files are read a chunk at a time.
"""
