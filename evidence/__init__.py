"""Proof of anything: recorded, redacted, sealed, verified, reviewed."""
