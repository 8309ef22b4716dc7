"""The lists of a sample: which file and sheet each is in, and what its columns are called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Table:
    """One list as its keeper lays it out; `collections` are the rows that are in it."""

    file: str
    sheet: str
    collections: range
    columns: dict[str, str]


REGISTER = Table(
    "register.xlsx",
    "Register",
    range(0, 30),
    {
        "No": "running_number",
        "Organisation Name": "organisation_name",
        "Registration No.": "registration_number",
        "Category": "category",
        "Contact Person": "contact_name",
        "Position": "contact_role",
        "Tel": "phone",
        "E-mail": "email",
        "Website": "website",
        "Physical Address": "address",
        "Town": "town",
        "Province": "province",
        "Postal Code": "postcode",
        "No. of Employees": "employees",
        "Last Contact": "last_contacted",
        "Remarks": "notes",
        "Captured By": "captured_by",
    },
)
LAPSED = Table(
    "register.xlsx",
    "Lapsed",
    range(30, 38),
    {
        "Name": "organisation_name",
        "Reg No": "registration_number",
        "Telephone Number": "phone",
        "Email Address": "email",
        "City": "town",
        "Prov.": "province",
        "Date": "last_contacted",
        "Comments": "notes",
    },
)
NORTH = Table(
    "members-2024.xlsx",
    "North",
    range(38, 54),
    {
        "Province": "province",
        "Organisation": "organisation_name",
        "Type": "category",
        "Contact person": "contact_name",
        "Phone (office)": "phone",
        "E-mail address": "email",
        "Town / City": "town",
        "Code": "postcode",
        "Staff": "employees",
        "Updated": "last_contacted",
    },
)
SOUTH = Table(
    "members-2024.xlsx",
    "South",
    range(54, 68),
    {
        "Organisation": "organisation_name",
        "Type": "category",
        "Contact person": "contact_name",
        "Phone (office)": "phone",
        "E-mail address": "email",
        "Web": "website",
        "Town / City": "town",
        "Province": "province",
        "Code": "postcode",
        "Staff": "employees",
        "Updated": "last_contacted",
    },
)
AFRIKAANS = Table(
    "kontaklys.xlsx",
    "Kontakte",
    range(68, 80),
    {
        "Nr": "running_number",
        "Naam van Organisasie": "organisation_name",
        "Soort": "category",
        "Kontakpersoon": "contact_name",
        "Amp": "contact_role",
        "Telefoonnommer": "phone",
        "E-posadres": "email",
        "Posadres": "address",
        "Dorp": "town",
        "Provinsie": "province",
        "Poskode": "postcode",
        "Werknemers": "employees",
        "Datum": "last_contacted",
        "Opmerkings": "notes",
    },
)
EXPORT = Table(
    "contacts-export.csv",
    "",
    range(80, 92),
    {
        "Ref": "running_number",
        "Company Name": "organisation_name",
        "Company Registration Number": "registration_number",
        "Industry": "category",
        "Contact Name": "contact_name",
        "Job Title": "contact_role",
        "Phone": "phone",
        "Email": "email",
        "Website": "website",
        "Street": "address",
        "City": "town",
        "Region": "province",
        "ZIP": "postcode",
        "Employees": "employees",
        "Last Contacted": "last_contacted",
    },
)
MAILING = Table(
    "mailing-list.csv",
    "",
    range(92, 100),
    {
        "organisation": "organisation_name",
        "email": "email",
        "telephone": "phone",
        "town": "town",
        "province": "province",
    },
)
TABLES = (REGISTER, LAPSED, NORTH, SOUTH, AFRIKAANS, EXPORT, MAILING)


def rows_of(table: Table, mentions: pl.DataFrame) -> pl.DataFrame:
    """The rows of one list, with a running number and the initials of who typed them."""
    initials = pl.Series(["TN", "AB", "JvdM", "SP"])
    position = pl.int_range(pl.len())
    return mentions.filter(
        pl.col("collection").is_between(table.collections[0], table.collections[-1])
    ).with_columns(
        running_number=(position + 1).cast(pl.String),
        running_number_cell=pl.lit("number"),
        captured_by=pl.lit(initials).gather(position // 9 % 4),
    )


def cells_of(table: Table, rows: pl.DataFrame) -> Iterator[list[tuple[str | None, str]]]:
    """Each row's cells in the table's order: what is written, and `text`, `number` or `date`."""
    kinds = [f"{field}_cell" for field in table.columns.values()]
    written = rows.select(table.columns.values()).iter_rows()
    kind_rows = rows.select(
        kind if kind in rows.columns else pl.lit("text").alias(kind) for kind in kinds
    ).iter_rows()
    for texts, cell_kinds in zip(written, kind_rows, strict=True):
        yield list(zip(texts, cell_kinds, strict=True))
