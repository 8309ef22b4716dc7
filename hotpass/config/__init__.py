"""Settings and profiles, each value with where it came from."""
