"""Websites: telephone numbers and e-mail addresses that a homepage or contact page links to."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import unquote, urljoin

import polars as pl

from hotpass.progress import Progress, silent
from hotpass.stages.enrich.offline import OFFER
from hotpass.stages.enrich.visits import (
    CannotVisit,
    Forbidden,
    Politeness,
    Unreachable,
    Visitor,
    site_of,
)
from hotpass.stages.normalise.emails import read_email
from hotpass.stages.normalise.phones import read_phone

CONTACT_WORDS = ("contact", "kontak", "get-in-touch")
REGION = "ZA"
# With no answer from so many sites and none from any other, it is the network that is down.
DEAD_AFTER = 5
# The only one on its page; one of several; an address on another domain than the site's.
ONLY, ONE_OF_SEVERAL, ELSEWHERE = 0.85, 0.6, 0.5


@dataclass(frozen=True)
class Visits:
    """Offers found on websites, how the visits went, and what to tell about it."""

    found: pl.DataFrame
    metrics: dict[str, int | float]
    warnings: tuple[str, ...]


def visit_websites(
    organisations: pl.DataFrame, rules: Politeness, report: Progress = silent
) -> Visits:
    """Visit the site of each organisation that lacks a telephone number or e-mail address."""
    wanting = organisations.filter(
        pl.col("website").is_not_null() & (pl.col("phone").is_null() | pl.col("email").is_null())
    ).select("organisation_id", "website", "phone", "email")
    sites = wanting["website"].unique().sort()
    outcomes = dict.fromkeys(("visited", "forbidden", "unreachable", "unfit"), 0)
    offers: list[tuple[str, str, str, str, float]] = []
    warnings: list[str] = []
    visitor = Visitor(rules)
    most = min(sites.len(), rules.most_sites)
    for number, site in enumerate(sites.head(most)):
        report("enrich", number, most)
        if number == outcomes["unreachable"] == DEAD_AFTER:
            warnings.append(
                f"The first {DEAD_AFTER} websites gave no answer, the other "
                f"{sites.len() - DEAD_AFTER:,} were not asked; check the network."
            )
            break
        owners = wanting.filter(pl.col("website") == site)
        lacking = {field for field in ("phone", "email") if owners[field].null_count()}
        outcome, links = _read_site(visitor, site, lacking)
        outcomes[outcome] += 1
        offers.extend((owner, *link) for owner in owners["organisation_id"] for link in links)
    report("enrich", most, most)
    visitor.close()
    if sites.len() > rules.most_sites:
        warnings.append(
            f"{sites.len() - rules.most_sites:,} websites were not visited: "
            f"a run visits at most {rules.most_sites:,}."
        )
    if outcomes["unreachable"]:
        warnings.append(f"{outcomes['unreachable']:,} websites gave no answer.")
    metrics = {f"sites_{outcome}": count for outcome, count in outcomes.items()}
    return Visits(
        pl.DataFrame(offers, schema=OFFER, orient="row"),
        {**metrics, "requests": visitor.requests},
        tuple(warnings),
    )


def _read_site(
    visitor: Visitor, site: str, lacking: set[str]
) -> tuple[str, list[tuple[str, str, str, float]]]:
    """Return how the visit went, and field, value, source and confidence of what was found.

    The contact page is asked for only where the homepage leaves something lacking.
    """
    try:
        home = _read_links(visitor.read(site))
    except Forbidden:
        return "forbidden", []
    except Unreachable:
        return "unreachable", []
    except CannotVisit:
        return "unfit", []
    found = _choose(site, home)
    pages = [urljoin(site, page) for page in home.contact_pages]
    for page in [page for page in pages if site_of(page) == site_of(site)][:1]:
        if lacking <= {field for field, *_ in found}:
            break
        try:
            found += _choose(page, _read_links(visitor.read(page)))
        except CannotVisit:
            break
    return "visited", found


def _choose(page: str, links: _Links) -> list[tuple[str, str, str, float]]:
    """Take the first number and address of a page, the surer the fewer there are."""
    phones = [phone for text in links.phones if (phone := read_phone(text, REGION))]
    emails = [email for text in links.emails if (email := read_email(text))]
    # An agency that built the site often leaves its own address there.
    own = [email for email in emails if site_of(f"//{email.rpartition('@')[2]}") == site_of(page)]
    found = []
    for field, values in (("phone", phones), ("email", own or emails)):
        distinct = list(dict.fromkeys(values))
        if distinct:
            sureness = ONLY if len(distinct) == 1 else ONE_OF_SEVERAL
            if field == "email" and not own:
                sureness = ELSEWHERE
            found.append((field, distinct[0], page, sureness))
    return found


class _Links(HTMLParser):
    """Collects what a page links to: numbers, addresses, contact pages."""

    def __init__(self) -> None:
        super().__init__()
        self.phones: list[str] = []
        self.emails: list[str] = []
        self.contact_pages: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        href = (dict(attrs).get("href") or "").strip() if tag == "a" else ""
        scheme, _, rest = href.partition(":")
        if scheme.lower() == "tel":
            self.phones.append(unquote(rest))
        elif scheme.lower() == "mailto":
            self.emails.append(unquote(rest.partition("?")[0]))
        elif any(word in href.lower() for word in CONTACT_WORDS):
            self.contact_pages.append(href)


def _read_links(html: str) -> _Links:
    links = _Links()
    links.feed(html)
    return links
