"""Files as people keep them, read as text cell by cell, each row with its place."""
