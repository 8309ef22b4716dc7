"""`python -m hotpass`, the same as `hotpass`."""

from __future__ import annotations

import sys

from hotpass.cli import main

sys.exit(main())
