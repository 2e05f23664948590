"""Stand-alone recount (复核)."""
