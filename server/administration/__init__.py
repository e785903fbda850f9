"""Does the work of the commands: authorities and tokens, bulk imports, filing a case as the police would.

Bounded: files are read one chunk at a time. Errors: RegistryError and SettingsError for the person at the terminal.
"""
