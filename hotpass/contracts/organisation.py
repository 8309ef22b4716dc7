"""The contract of an organisation: one row of what `refine` writes."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from hotpass.contracts.contract import Contract

Province = Literal[
    "Eastern Cape",
    "Free State",
    "Gauteng",
    "KwaZulu-Natal",
    "Limpopo",
    "Mpumalanga",
    "North West",
    "Northern Cape",
    "Western Cape",
]
PROVINCES: tuple[str, ...] = get_args(Province)

Text = Annotated[str, Field(min_length=1, max_length=2000)]


class Organisation(BaseModel):
    """One organisation, put together from every row that described it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    organisation_id: Annotated[str, Field(pattern=r"^org-[0-9a-f]{12}$")] = Field(
        description="Stable identifier; the same input rows give the same one, in any order.",
        examples=["org-3f9a0c12be77"],
    )
    organisation_name: Annotated[str, Field(min_length=1, max_length=200)] = Field(
        description="Name as its best source writes it, spaces tidied.",
        examples=["Karoo Aviation Academy (Pty) Ltd"],
    )
    registration_number: Annotated[str, Field(pattern=r"^[0-9]{4}/[0-9]{6}/[0-9]{2}$")] | None = (
        Field(
            default=None,
            description="South African company registration number, year/number/type.",
            examples=["2015/123456/07"],
        )
    )
    category: Text | None = Field(default=None, description="Kind of organisation.")
    contact_name: Text | None = Field(default=None, description="Person to speak to.")
    contact_role: Text | None = Field(default=None, description="That person's role.")
    phone: Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$")] | None = Field(
        default=None, description="Telephone number in E.164.", examples=["+27215550123"]
    )
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)] | None = (
        Field(default=None, description="E-mail address, domain in lower case.")
    )
    website: Annotated[str, Field(pattern=r"^https?://[^\s/]+\.[^\s]+$", max_length=500)] | None = (
        Field(default=None, description="Website with its scheme, host in lower case.")
    )
    address: Text | None = Field(default=None, description="Street or postal address.")
    town: Text | None = Field(default=None, description="Town or city.")
    province: Province | None = Field(default=None, description="One of the nine provinces.")
    postcode: Annotated[str, Field(pattern=r"^[0-9]{4}$")] | None = Field(
        default=None, description="Four digits, leading zeros kept.", examples=["0081"]
    )
    employees: Annotated[int, Field(ge=0, le=10_000_000)] | None = Field(
        default=None, description="Number of people employed."
    )
    last_contacted: date | None = Field(default=None, description="Day of the last contact.")
    notes: Text | None = Field(default=None, description="Remarks kept from the sources.")
    source_count: Annotated[int, Field(ge=1)] = Field(
        description="How many input rows were merged into this organisation."
    )


ORGANISATIONS = Contract(name="organisation", model=Organisation, unique=("organisation_id",))

INPUT_FIELDS: tuple[str, ...] = tuple(
    name for name in Organisation.model_fields if name not in ("organisation_id", "source_count")
)
PLACE: tuple[str, ...] = ("source_file", "source_sheet", "source_row")
