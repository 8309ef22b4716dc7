"""Enrich: empty fields are filled, each addition tells its source, and visits are polite."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import polars as pl
import pytest

from hotpass.contracts.organisation import INPUT_FIELDS, Organisation
from hotpass.stages.enrich import Enriched, enrich
from hotpass.stages.enrich.visits import Politeness

NOON = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
SCHEMA: dict[str, Any] = {
    "organisation_id": pl.String,
    **dict.fromkeys(INPUT_FIELDS, pl.String),
    "employees": pl.Int64,
    "last_contacted": pl.Date,
    "source_count": pl.UInt32,
}
QUICK = Politeness(seconds_between=0, answer_timeout=5, allow_private=True)


def organisations(*rows: dict[str, Any]) -> pl.DataFrame:
    base = {"organisation_name": "Karoo Aviation", "source_count": 1}
    return pl.DataFrame(
        [{"organisation_id": f"org-{n:012x}"} | base | row for n, row in enumerate(rows)],
        schema=SCHEMA,
    ).select(list(Organisation.model_fields))


def offline(*rows: dict[str, Any]) -> Enriched:
    return enrich(organisations(*rows), allow_network=False, clock=lambda: NOON)


def online(*rows: dict[str, Any], rules: Politeness = QUICK) -> Enriched:
    return enrich(organisations(*rows), allow_network=True, clock=lambda: NOON, politeness=rules)


def added(result: Enriched) -> dict[str, tuple[str, str, float]]:
    return {
        one["field"]: (one["value"], one["source"], one["confidence"])
        for one in result.additions.iter_rows(named=True)
    }


def test_a_postcode_gives_town_and_province() -> None:
    additions = added(offline({"postcode": "8001"}))

    assert additions["town"] == ("Cape Town", "postcode 8001", 0.85)
    assert additions["province"] == ("Western Cape", "town Cape Town", 0.97)


def test_a_postcode_outside_the_table_of_towns_still_gives_a_province() -> None:
    assert added(offline({"postcode": "7925"})) == {
        "province": ("Western Cape", "postcode 7925", 0.97)
    }


def test_a_landline_gives_a_province_and_a_mobile_number_none() -> None:
    assert added(offline({"phone": "+27315550123"})) == {
        "province": ("KwaZulu-Natal", "dialling code 031", 0.98)
    }
    assert added(offline({"phone": "+27825550123"})) == {}


def test_a_mail_domain_gives_a_website_unless_anyone_may_have_it() -> None:
    assert added(offline({"email": "info@karoo.co.za"})) == {
        "website": ("https://www.karoo.co.za", "domain of the e-mail address", 0.7)
    }
    assert added(offline({"email": "karoo@gmail.com"})) == {}


def test_what_is_filled_is_never_changed() -> None:
    full = {
        "town": "Elsewhere",
        "province": "Limpopo",
        "postcode": "8001",
        "phone": "+27315550123",
        "email": "info@karoo.co.za",
        "website": "https://x.za",
    }

    result = offline(full)

    assert result.organisations.equals(organisations(full))
    assert result.additions.height == 0


def test_each_addition_is_in_the_organisations_and_bears_the_time() -> None:
    result = offline({"postcode": "8001"}, {"email": "info@karoo.co.za"}, {})

    filled = result.organisations.unpivot(
        ["town", "province", "website"], index="organisation_id", variable_name="field"
    )
    stray = result.additions.join(filled, on=["organisation_id", "field", "value"], how="anti")
    assert result.additions.height == 3
    assert stray.height == 0
    assert set(result.additions["at"]) == {NOON}


def test_enriching_twice_adds_nothing_more() -> None:
    once = offline({"postcode": "8001", "email": "info@karoo.co.za"})

    twice = enrich(once.organisations, allow_network=False, clock=lambda: NOON)

    assert twice.organisations.equals(once.organisations)
    assert twice.additions.height == 0


def test_no_organisations_are_enriched_to_none() -> None:
    result = offline()

    assert result.organisations.columns == list(Organisation.model_fields)
    assert result.additions.columns == [
        "organisation_id", "field", "value", "source", "confidence", "at"
    ]  # fmt: skip


@dataclass
class Site:
    """A website on this machine: what each path answers, and which were asked for."""

    url: str = ""
    pages: dict[str, tuple[int, dict[str, str], str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def page(self, path: str, body: str, status: int = 200, **headers: str) -> None:
        head = {"Content-Type": "text/html"} | {k.replace("_", "-"): v for k, v in headers.items()}
        self.pages[path] = (status, head, body)


@contextmanager
def serve(site: Site) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(self.path)
            status, headers, body = site.pages.get(self.path, (404, {}, ""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def site() -> Iterator[Site]:
    one = Site()
    with serve(one):
        yield one


PHONE = '<a href="tel:+27%2021%20555%200123">call</a>'
MAIL = '<a href="mailto:Info@Karoo.co.za?subject=hi">write</a>'


def test_a_homepage_gives_telephone_and_mail(site: Site) -> None:
    site.page("/", PHONE + MAIL)

    additions = added(online({"website": f"{site.url}/"}))

    assert additions["phone"] == ("+27215550123", f"{site.url}/", 0.85)
    assert additions["email"] == ("info@karoo.co.za", f"{site.url}/", 0.5)


def test_the_contact_page_is_asked_only_for_what_the_homepage_lacks(site: Site) -> None:
    site.page("/", PHONE + '<a href="/contact-us">Contact</a>')
    site.page("/contact-us", MAIL)

    online({"website": f"{site.url}/", "email": "info@karoo.co.za"})
    first = list(site.asked)
    result = online({"website": f"{site.url}/"})

    assert first == ["/robots.txt", "/"]
    assert added(result)["email"] == ("info@karoo.co.za", f"{site.url}/contact-us", 0.5)


def test_without_leave_no_site_is_visited(site: Site) -> None:
    site.page("/", PHONE)

    offline({"website": f"{site.url}/"})

    assert site.asked == []


def test_an_organisation_that_lacks_nothing_is_not_visited(site: Site) -> None:
    online({"website": f"{site.url}/", "phone": "+27215550123", "email": "info@karoo.co.za"})

    assert site.asked == []


def test_robots_are_honoured(site: Site) -> None:
    site.page("/robots.txt", "User-agent: *\nDisallow: /")
    site.page("/", PHONE)

    result = online({"website": f"{site.url}/"})

    assert site.asked == ["/robots.txt"]
    assert result.metrics["sites_forbidden"] == 1
    assert "phone" not in added(result)


def test_robots_that_cannot_be_read_forbid_the_visit(site: Site) -> None:
    site.page("/robots.txt", "", status=503)
    site.page("/", PHONE)

    assert online({"website": f"{site.url}/"}).metrics["sites_forbidden"] == 1


def test_requests_to_one_host_wait_their_turn(site: Site) -> None:
    site.page("/", '<a href="/contact">Contact</a>')
    site.page("/contact", PHONE)
    pauses: list[float] = []
    rules = replace(QUICK, seconds_between=60, pause=pauses.append)

    online({"website": f"{site.url}/"}, rules=rules)

    assert site.asked == ["/robots.txt", "/", "/contact"]
    assert [round(pause, -1) for pause in pauses] == [60, 60]


def test_a_site_of_two_organisations_is_visited_once(site: Site) -> None:
    site.page("/", PHONE + MAIL)

    result = online({"website": f"{site.url}/"}, {"website": f"{site.url}/"})

    assert site.asked == ["/robots.txt", "/"]
    assert result.organisations["phone"].to_list() == ["+27215550123"] * 2


def test_addresses_off_the_public_internet_are_refused(site: Site) -> None:
    site.page("/", PHONE)

    result = online({"website": f"{site.url}/"}, rules=replace(QUICK, allow_private=False))

    assert site.asked == []
    assert result.metrics["sites_unreachable"] == 1


def test_a_redirect_within_the_site_is_followed_and_one_to_another_is_not(site: Site) -> None:
    elsewhere = site.url.replace("127.0.0.1", "localhost")
    site.page("/home", PHONE)
    site.page("/within", "", status=302, Location="/home")
    site.page("/away", "", status=302, Location=f"{elsewhere}/home")

    within = online({"website": f"{site.url}/within"})
    away = online({"website": f"{site.url}/away"})

    assert within.organisations["phone"].to_list() == ["+27215550123"]
    assert away.organisations["phone"].to_list() == [None]
    assert away.metrics["sites_unfit"] == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda site: site.page("/", PHONE + "x" * 3_000),
        lambda site: site.page("/", PHONE, Content_Type="application/pdf"),
        lambda site: site.page("/", PHONE, status=500),
        lambda site: site.page("/", "", status=302, Location="/"),
        lambda site: site.page("/", "", status=302, Location="file:///etc/passwd"),
    ],
    ids=["too large", "not html", "server error", "redirect loop", "other scheme"],
)
def test_a_page_that_is_no_page_is_counted_and_nothing_is_taken(
    site: Site, spoil: Callable[[Site], None]
) -> None:
    spoil(site)

    result = online({"website": f"{site.url}/"}, rules=replace(QUICK, most_bytes=2_000))

    assert result.organisations["phone"].to_list() == [None]
    assert result.metrics["sites_unfit"] == 1


def test_a_dead_network_leaves_the_offline_additions_and_a_warning() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but not listening: every connection is refused
        port = taken.getsockname()[1]
        rows = [{"website": f"http://127.0.0.{n}:{port}/", "postcode": "8001"} for n in range(1, 9)]
        result = online(*rows)

    assert result.organisations["town"].to_list() == ["Cape Town"] * 8
    assert result.metrics["sites_unreachable"] == 5
    assert result.warnings[0].startswith("The first 5 websites gave no answer, the other 3 were")
