"""The `hotpass` command; each module holds one command and imports heavy things only when run."""
