"""Run folders: the ledger, checkpoints, solutions, provenance."""
