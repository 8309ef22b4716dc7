"""Places: provinces, towns and postcodes as South Africa writes them."""

from __future__ import annotations

import polars as pl
from rapidfuzz import fuzz

from hotpass.config.profile import Profile
from hotpass.contracts.organisation import PROVINCES
from hotpass.reference import town_spellings

# Other spellings by letters alone: abbreviations, Afrikaans, former names, both orders.
PROVINCE_SPELLINGS: dict[str, tuple[str, ...]] = {
    "Eastern Cape": ("ec", "ecape", "ooskaap", "oostkaap", "capeeastern"),
    "Free State": ("fs", "ofs", "vrystaat", "ovs", "orangefreestate", "oranjevrystaat"),
    "Gauteng": ("gp", "gt", "gau", "pwv"),
    "KwaZulu-Natal": ("kzn", "kz", "kn", "nl", "natal", "kznatal", "kwazulu", "kwazulunatali",
                      "zululand"),
    "Limpopo": ("lp", "lim", "northernprovince", "noordelikeprovinsie"),
    "Mpumalanga": ("mp", "mpu", "easterntransvaal", "oostransvaal"),
    "North West": ("nw", "noordwes"),
    "Northern Cape": ("nc", "ncape", "northcape", "noordkaap", "capenorthern"),
    "Western Cape": ("wc", "wcape", "westcape", "wkaap", "weskaap", "wp", "westernprovince",
                     "capewestern"),
}  # fmt: skip
# What four provinces were made of, and half of three names: near to many, the name of none.
NO_PROVINCE = frozenset({"transvaal", "cape", "kaap", "capeprovince", "kaapprovinsie"})
SHORTEST_GUESS = 5  # letters; below that one typo makes another abbreviation
LEAST_ALIKE = 80.0
LEAST_AHEAD = 5.0


def read_provinces(texts: pl.Series, profile: Profile) -> pl.DataFrame:
    """Read each text as one of the nine provinces: exactly, by other names, or by one near typo."""
    spellings = {_letters(name): name for name in PROVINCES} | {
        spelling: name for name, others in PROVINCE_SPELLINGS.items() for spelling in others
    }
    readings = [_read_province(text, spellings) for text in texts]
    return pl.DataFrame(readings, schema={"read": pl.String, "problem": pl.String}, orient="row")


def read_towns(texts: pl.Series, profile: Profile) -> pl.DataFrame:
    """Give known towns their usual spelling; keep the others as they are written."""
    usual = texts.str.to_lowercase().replace_strict(
        town_spellings(), default=None, return_dtype=pl.String
    )
    return pl.DataFrame({"text": texts, "usual": usual}).select(
        pl.coalesce("usual", "text").alias("read"), problem=pl.lit(None, dtype=pl.String)
    )


def read_postcodes(texts: pl.Series, profile: Profile) -> pl.DataFrame:
    """Read each text as four digits, giving back the zeros that a spreadsheet drops."""
    bare = texts.str.replace(r"(?i)^(?:za|rsa|sa|postal code|post code|code|poskode)?[-:. ]*", "")
    digits = bare.str.replace(r"\.0+$", "").str.replace_all(" ", "")
    return (
        digits.to_frame("digits")
        .select(
            read=pl.when(
                pl.col("digits").str.contains(r"^\d{1,4}$") & ~pl.col("digits").str.contains("^0+$")
            ).then(pl.col("digits").str.zfill(4))
        )
        .with_columns(
            problem=pl.when(pl.col("read").is_null()).then(pl.lit("Not a postcode of four digits."))
        )
    )


def _read_province(text: str, spellings: dict[str, str]) -> tuple[str | None, str | None]:
    letters = _letters(text)
    bare = letters.removesuffix("province").removesuffix("provinsie").removesuffix("prov")
    for written in (letters, bare):
        if written in spellings:
            return spellings[written], None
    if len(letters) < SHORTEST_GUESS or letters in NO_PROVINCE:
        return None, "Not one of the nine provinces."
    alike = dict.fromkeys(PROVINCES, 0.0)
    for spelling, name in spellings.items():
        if len(spelling) >= SHORTEST_GUESS:
            alike[name] = max(alike[name], fuzz.ratio(letters, spelling))
    (name, best), (_, second) = sorted(alike.items(), key=lambda item: -item[1])[:2]
    if best < LEAST_ALIKE or best - second < LEAST_AHEAD:
        return None, "Not one of the nine provinces."
    return name, f"Spelling unknown; taken for {name}."


def _letters(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalpha())
