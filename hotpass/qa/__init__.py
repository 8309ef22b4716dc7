"""The gates that `hotpass qa` runs."""
