"""`python -m hotpass.qa.secrets`: fail on a secret that the baseline does not know.

`--update` writes the baseline again, after a look at what it would newly accept.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from detect_secrets.core import baseline
from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import transient_settings

from hotpass.outputs import write_whole

BASELINE = Path(".secrets.baseline")
PLUGINS = (
    "ArtifactoryDetector",
    "AWSKeyDetector",
    "AzureStorageKeyDetector",
    "BasicAuthDetector",
    "GitHubTokenDetector",
    "GitLabTokenDetector",
    "JwtTokenDetector",
    "NpmDetector",
    "OpenAIDetector",
    "PrivateKeyDetector",
    "PypiTokenDetector",
    "SendGridDetector",
    "SlackDetector",
    "StripeDetector",
    "TwilioKeyDetector",
    "KeywordDetector",
)
"""Known shapes and telling names; never a look-up over the network."""
SETTINGS: dict[str, Any] = {
    "plugins_used": [{"name": name} for name in PLUGINS],
    "filters_used": [
        {"path": "detect_secrets.filters.allowlist.is_line_allowlisted"},
        {"path": "detect_secrets.filters.heuristic.is_indirect_reference"},
        {"path": "detect_secrets.filters.heuristic.is_templated_secret"},
    ],
}


def main() -> int:
    """Scan every file that git tracks or would; exit 1 when one holds a new secret."""
    parser = argparse.ArgumentParser(prog="python -m hotpass.qa.secrets", description=__doc__)
    parser.add_argument("--update", action="store_true", help="write the baseline again")
    update: bool = parser.parse_args().update

    with transient_settings(SETTINGS):
        found = _scan(_files())
        if update:
            write_whole(BASELINE, _as_text(found))
            print(f"written: {BASELINE}")
            return 0
        known = _known()
        new = [secret for _, secret in found if secret not in known[secret.filename]]
    for secret in new:
        print(f"{secret.filename}:{secret.line_number}: {secret.type}")
    if new:
        print(
            f"{len(new)} not in {BASELINE}. Take each out; if it is none, say so on its line with "
            "`pragma: allowlist secret`, or run `python -m hotpass.qa.secrets --update`."
        )
    return 1 if new else 0


def _files() -> list[str]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, stdout=subprocess.PIPE, check=False, text=True)
    if listed.returncode != 0:
        sys.exit("git could not list the files to look at; run inside a clone.")
    names = {name for name in listed.stdout.split("\0") if name and Path(name).is_file()}
    return sorted(names - {str(BASELINE)})


def _scan(files: list[str]) -> SecretsCollection:
    found = SecretsCollection()
    for name in files:
        found.scan_file(name)
    return found


def _known() -> SecretsCollection:
    if not BASELINE.is_file():
        return SecretsCollection()
    return SecretsCollection.load_from_baseline(json.loads(BASELINE.read_text(encoding="utf-8")))


def _as_text(found: SecretsCollection) -> str:
    document = baseline.format_for_output(found)
    del document["generated_at"]  # the same files give the same baseline
    return json.dumps(document, indent=2) + "\n"


if __name__ == "__main__":
    sys.exit(main())
