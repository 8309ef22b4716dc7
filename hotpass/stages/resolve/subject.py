"""A subject: what rows describe, and as what each of their fields is compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "name",
    "identifier",
    "typed_identifier",
    "phone",
    "email",
    "website",
    "address",
    "location",
    "town",
    "postcode",
    "region",
    "date",
]
"""Several fields of one kind are read one after the other, as one text.

`identifier` is given to one subject only and was checked, so that two of them are two subjects;
`typed_identifier` is given to one only as well, but slips in it are to be expected. `phone` to
`website` are where a subject is reached, `address` to `region` where it is found, and `date` is
one that does not change, such as that of birth.
"""


@dataclass(frozen=True)
class Subject:
    """What the rows describe: `kinds` maps each field that is compared to its kind.

    With `country`, towns and postcodes complete each other from the reference data on it; only
    South Africa (ZA) is known.
    """

    kinds: Mapping[str, Kind]
    country: Literal["ZA"] | None = None

    def fields(self, *kinds: Kind) -> tuple[str, ...]:
        """Return the fields of any of these kinds, in the order of their declaration."""
        return tuple(field for field, kind in self.kinds.items() if kind in kinds)


ORGANISATION = Subject(
    {
        "organisation_name": "name",
        "registration_number": "identifier",
        "phone": "phone",
        "email": "email",
        "website": "website",
        "address": "address",
        "town": "town",
        "postcode": "postcode",
        "province": "region",
    },
    country="ZA",
)
