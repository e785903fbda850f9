"""An alert's life for tests: a model of it, a server to compare with the model, users with roles, the audit trail."""
