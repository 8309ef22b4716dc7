"""What Hotpass costs: every measure stands beside a peer or a limit from the same run."""
