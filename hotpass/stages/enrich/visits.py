"""Visits: pages fetched as a good guest does, and only from the public internet."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit
from urllib.robotparser import RobotFileParser

AGENT = "hotpass (reads contact pages; honours robots.txt)"
SLOWEST_CRAWL = 10.0  # seconds; a site that asks for longer pauses is left alone
MOST_REDIRECTS = 4


@dataclass(frozen=True)
class Politeness:
    """The rules for visits.

    Seconds between two requests to one host, seconds to wait for an answer and for a whole page,
    bytes read of a page, sites visited in a run. `allow_private` lets addresses through that are
    not on the public internet; it is meant for tests against a server on this machine.
    """

    seconds_between: float = 1.0
    answer_timeout: float = 10.0
    page_timeout: float = 20.0
    most_bytes: int = 1_000_000
    most_sites: int = 500
    allow_private: bool = False
    pause: Callable[[float], None] = time.sleep


class CannotVisit(Exception):
    """A page that was not fetched; the message says why."""


class Forbidden(CannotVisit):
    """The site's robots.txt asks not to fetch the page."""


class Unreachable(CannotVisit):
    """No answer came."""


@dataclass
class Visitor:
    """Fetches pages under one set of rules, each at most once, and remembers hosts' wishes.

    Proxies named in the environment are not used: behind one, the address that is reached could
    not be checked.
    """

    rules: Politeness
    _pages: dict[str, str | CannotVisit] = field(default_factory=dict)
    _robots: dict[str, RobotFileParser | CannotVisit] = field(default_factory=dict)
    _last: dict[str, float] = field(default_factory=dict)
    requests: int = 0

    def __post_init__(self) -> None:
        self._session = _open_session(self.rules.allow_private)

    def read(self, url: str) -> str:
        """Return the HTML of `url`; raises CannotVisit, the same again for the same page."""
        if url not in self._pages:
            try:
                self._pages[url] = self._follow(url)
            except CannotVisit as reason:
                self._pages[url] = reason
        page = self._pages[url]
        if isinstance(page, CannotVisit):
            raise page
        return page

    def close(self) -> None:
        self._session.close()

    def _follow(self, url: str) -> str:
        home = site_of(url)
        for _ in range(MOST_REDIRECTS + 1):
            robots = self._wishes(url)
            if not robots.can_fetch(AGENT, url):
                raise Forbidden("robots.txt asks not to fetch it")
            status, target, page = self._get(url, float(robots.crawl_delay(AGENT) or 0))
            if target is None:
                if status != 200:
                    raise CannotVisit(f"answered with status {status}")
                return page
            url = urljoin(url, target)
            if site_of(url) != home:
                raise CannotVisit("redirects to another site")
        raise CannotVisit("redirects too often")

    def _wishes(self, url: str) -> RobotFileParser:
        """Return the rules of the host: none where it has no file, all forbidden where it fails."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._robots:
            try:
                self._robots[origin] = self._ask_wishes(f"{origin}/robots.txt")
            except CannotVisit as reason:
                self._robots[origin] = reason
        wishes = self._robots[origin]
        if isinstance(wishes, CannotVisit):
            raise wishes
        return wishes

    def _ask_wishes(self, url: str) -> RobotFileParser:
        home, wishes = site_of(url), RobotFileParser()
        for _ in range(MOST_REDIRECTS + 1):
            status, target, text = self._get(url, 0, any_text=True)
            if target is not None and site_of(urljoin(url, target)) == home:
                url = urljoin(url, target)
                continue
            if status >= 500:
                raise Forbidden("robots.txt cannot be read")
            wishes.parse(text.splitlines() if status == 200 else [])
            if float(wishes.crawl_delay(AGENT) or 0) > SLOWEST_CRAWL:
                raise Forbidden("robots.txt asks for very long pauses")
            return wishes
        raise Forbidden("robots.txt redirects too often")

    def _get(
        self, url: str, delay: float, *, any_text: bool = False
    ) -> tuple[int, str | None, str]:
        """Make one request; return its status, where it redirects to, and the text."""
        import requests

        if urlsplit(url).scheme not in ("http", "https"):
            raise CannotVisit("not a web address")
        self._wait_for_turn(urlsplit(url).netloc, max(delay, self.rules.seconds_between))
        self.requests += 1
        try:
            with self._session.get(
                url,
                timeout=self.rules.answer_timeout,
                allow_redirects=False,
                stream=True,
                headers={"User-Agent": AGENT, "Accept": "text/html, text/plain;q=0.5"},
            ) as answer:
                if answer.is_redirect:
                    return answer.status_code, answer.headers["Location"], ""
                kind = answer.headers.get("Content-Type", "text/html")
                if answer.status_code == 200 and not any_text and "html" not in kind:
                    raise CannotVisit("holds no HTML")
                return answer.status_code, None, self._read_text(answer)
        except (requests.RequestException, OSError, UnicodeError) as error:
            raise Unreachable(f"no answer ({type(error).__name__})") from error

    def _read_text(self, answer: Any) -> str:
        deadline = time.monotonic() + self.rules.page_timeout
        read = bytearray()
        for chunk in answer.iter_content(16_384):
            read += chunk
            if len(read) > self.rules.most_bytes:
                raise CannotVisit(f"larger than {self.rules.most_bytes:,} bytes")
            if time.monotonic() > deadline:
                raise Unreachable("took too long")
        return read.decode("utf-8", errors="replace")

    def _wait_for_turn(self, host: str, seconds: float) -> None:
        left = self._last.get(host, float("-inf")) + seconds - time.monotonic()
        if left > 0:
            self.rules.pause(left)
        self._last[host] = time.monotonic()


def site_of(url: str) -> str:
    """Return what one owner has: the registered domain, or else the host itself."""
    from hotpass.stages.normalise.websites import registered_domain

    host = urlsplit(url).hostname or ""
    return registered_domain(host) or host


def _open_session(allow_private: bool) -> Any:
    """Open a session whose connections go to checked addresses only.

    The check is made on the very address that is then connected to, so a name that answers
    differently the second time gains nothing.
    """
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

    class CheckedConnection(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            self._dns_host = _public_address(self._dns_host, self.port, allow_private)
            return super()._new_conn()

    class CheckedSecureConnection(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            self._dns_host = _public_address(self._dns_host, self.port, allow_private)
            return super()._new_conn()

    class CheckedPool(HTTPConnectionPool):
        ConnectionCls = CheckedConnection

    class CheckedSecurePool(HTTPSConnectionPool):
        ConnectionCls = CheckedSecureConnection

    adapter = HTTPAdapter(max_retries=0)
    adapter.poolmanager.pool_classes_by_scheme = {"http": CheckedPool, "https": CheckedSecurePool}
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def _public_address(host: str, port: int | None, allow_private: bool) -> str:
    """Return the first address of `host`; raises OSError where any is not public."""
    found = socket.getaddrinfo(host, port or 80, type=socket.SOCK_STREAM)
    addresses = [str(one[4][0]) for one in found]
    for address in addresses:
        if not allow_private and not _is_public(ipaddress.ip_address(address.partition("%")[0])):
            raise OSError(f"{host} is not on the public internet")
    return addresses[0]


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    return address.is_global and not address.is_multicast and (inner is None or inner.is_global)
