"""What is rehearsed, and how."""
