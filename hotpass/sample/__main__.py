"""`python -m hotpass.sample`: write a sample folder and the truth beside it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hotpass.errors import HotpassError
from hotpass.sample.write import write_sample


@click.command()
@click.option(
    "--output-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("data/sample"),
    show_default=True,
    help="Folder for the files; the truth goes beside it as <folder>.truth.json.",
)
@click.option(
    "--rows",
    type=click.IntRange(min=1, max=1_500_000),
    default=500,
    show_default=True,
    help="How many rows of data all files hold together.",
)
@click.option("--seed", type=int, default=20241104, show_default=True, help="What draws the rows.")
def main(output_dir: Path, rows: int, seed: int) -> None:
    """Write messy workbooks to try Hotpass on, and the truth about their rows."""
    try:
        sample = write_sample(output_dir, rows=rows, seed=seed)
    except HotpassError as error:
        print(f"sample: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    print(
        f"{sample.rows:,} rows about {sample.organisations:,} organisations in "
        f"{len(sample.files)} files in {sample.folder} "
        f"({sample.rejected_rows:,} rows without a name); truth in {sample.truth}"
    )


if __name__ == "__main__":
    main()
