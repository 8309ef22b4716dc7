"""The examples do what the reference says that they do, run by the lines that stand there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from evidence.keys import load_signing_key

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference" / "evidence-api.md"
EXAMPLES = ROOT / "docs" / "examples"
_CONSOLE = re.compile(r"```console\n\$ (.+)\n((?:.+\n)*)```")
_TIMESTAMP = re.compile(r"\d{8}T\d{6}Z")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the reference asks for: a folder `letters`, and the examples where they lie."""
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "one.txt").write_text("Dear reader\n")
    (tmp_path / "letters" / "two.txt").write_text("Yours\n")
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    return tmp_path


def test_the_examples_print_what_the_reference_shows(folder: Path, config_dir: Path) -> None:
    reference = REFERENCE.read_text()
    shown = _CONSOLE.findall(reference)
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "XDG_CONFIG_HOME": str(config_dir.parent),
        "FINGERPRINT": load_signing_key(config_dir).fingerprint,
    }

    def with_real_times(text: str) -> str:
        written = sorted(set(_TIMESTAMP.findall(reference)))
        real = sorted(path.name for path in folder.glob("dist/evidence/backup/*"))
        for one, other in zip(written, real, strict=False):
            text = text.replace(one, other)
        return text

    assert len(shown) == len(list(EXAMPLES.glob("*.py")))
    for command, output in shown:
        ran = subprocess.run(
            ["sh", "-c", with_real_times(command)],
            cwd=folder,
            env=environment,
            capture_output=True,
            check=False,
            text=True,
        )
        assert (ran.stdout, ran.stderr) == (with_real_times(output), "")
