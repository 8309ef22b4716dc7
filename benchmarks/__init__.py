"""What Hotpass costs, each measure as a ratio against a peer in the same run."""
