"""The rules of the audit, one in each file."""
