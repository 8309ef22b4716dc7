"""Where a person's own settings are, and by which names the environment gives a signing key."""

from __future__ import annotations

import os
from pathlib import Path

KEY_VARIABLE = "HOTPASS_SIGNING_KEY"
KEYLESS = "keyless"


def config_directory() -> Path:
    """Where Hotpass keeps a person's own settings."""
    base = os.environ.get("XDG_CONFIG_HOME")
    # The XDG specification has a relative path ignored.
    home = Path(base) if base and Path(base).is_absolute() else Path.home() / ".config"
    return home / "hotpass"


def local_key_path(config_dir: Path | None = None) -> Path:
    """Where the local key lies."""
    return (config_dir or config_directory()) / "signing-key.pem"
