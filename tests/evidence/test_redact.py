"""No secret reaches a file, in no encoding and however the output is cut; and nothing else goes."""

from __future__ import annotations

import base64
import io
import json
import re
import string
from collections.abc import Callable
from urllib.parse import quote, quote_plus

from hypothesis import example, given
from hypothesis import strategies as st

from evidence.redact import Redactor

PRINTABLE = string.ascii_letters + string.digits + string.punctuation + " äß€𝄞"
secrets = st.text(PRINTABLE, min_size=8, max_size=80).filter(lambda text: text == text.strip())
around = st.text(string.ascii_letters + string.digits + " =:/.-\n", max_size=200)

ENCODINGS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "JSON": lambda secret: json.dumps({"value": secret}),
    "JSON in UTF-8": lambda secret: json.dumps([secret], ensure_ascii=False),
    "JSON in JSON": lambda secret: json.dumps(json.dumps(secret)),
    "JSON with escaped slashes": lambda secret: json.dumps(secret).replace("/", "\\/"),
    "a URL's query": lambda secret: "?q=" + quote_plus(secret) + "&page=1",
    "a URL's path": lambda secret: "https://host.example/" + quote(secret),
    "a URL's component": lambda secret: quote(secret, safe=""),
    "a URL in JSON": lambda secret: json.dumps(quote(secret)),
    "percent signs with small letters": lambda secret: _small_percent(quote(secret, safe="")),
}


def _small_percent(text: str) -> str:
    parts = text.split("%")
    return parts[0] + "".join("%" + part[:2].lower() + part[2:] for part in parts[1:])


def redacted(data: bytes, redactor: Redactor, cuts: list[int] | None = None) -> bytes:
    """The data as a stream hands it on that is given it in pieces of these sizes."""
    sink = io.BytesIO()
    stream = redactor.stream(sink)
    for size in cuts or []:
        stream.write(data[:size])
        data = data[size:]
    stream.write(data)
    stream.close()
    return sink.getvalue()


@given(
    secret=secrets,
    encoding=st.sampled_from(sorted(ENCODINGS)),
    before=around,
    after=around,
    cuts=st.lists(st.integers(0, 40), max_size=30),
)
def test_a_known_secret_survives_in_no_encoding_and_no_chunking(
    secret: str, encoding: str, before: str, after: str, cuts: list[int]
) -> None:
    encoded = ENCODINGS[encoding](secret)
    redactor = Redactor({"TOKEN": secret})

    clean = redacted((before + encoded + after).encode(), redactor, cuts).decode()

    assert secret not in clean
    assert "<redacted:" in clean
    assert sum(redactor.counts.values()) >= 1


@given(
    secret=secrets,
    before=st.binary(max_size=20),
    after=st.binary(max_size=20),
    url_safe=st.booleans(),
    cuts=st.lists(st.integers(0, 40), max_size=10),
)
def test_a_known_secret_is_found_inside_base64_at_any_place(
    secret: str, before: bytes, after: bytes, url_safe: bool, cuts: list[int]
) -> None:
    encode = base64.urlsafe_b64encode if url_safe else base64.b64encode
    encoded = encode(before + secret.encode() + after)

    clean = redacted(b"data: " + encoded + b"\n", Redactor({"TOKEN": secret}), cuts)

    # What surrounds the secret may make a secret of another kind of the whole.
    left = re.split(b"<redacted:[^>]*>", clean.removeprefix(b"data: "))
    assert len(left) >= 2
    # What is left is too short to hold a byte of the secret: only whole neighbours.
    assert len(left[0]) <= len(before) * 8 // 6
    assert secret.encode() not in b"".join(left)


@given(
    secret=secrets,
    before=st.binary(min_size=24, max_size=120),
    after=st.binary(max_size=120),
    columns=st.sampled_from([60, 64, 70, 72, 76]),
    line_end=st.sampled_from(["\n", "\r\n", "\n    ", "\n12:00:01 stderr F ", "\\n", "\\\\n"]),
    cuts=st.lists(st.integers(0, 90), max_size=10),
)
@example("00000000", b"0" * 48, b"0" * 49, 70, "\n12:00:01 stderr F ", [70, 90])
def test_a_known_secret_is_found_in_base64_over_several_lines(
    secret: str, before: bytes, after: bytes, columns: int, line_end: str, cuts: list[int]
) -> None:
    encoded = base64.b64encode(before + secret.encode() + after).decode()
    lines = [encoded[at : at + columns] for at in range(0, len(encoded), columns)]
    data = line_end.join(lines).encode() + b"\nafter it\n"

    clean = redacted(data, Redactor({"TOKEN": secret}), cuts)

    assert clean.endswith(b"\nafter it\n")
    left = re.split(b"<redacted:[^>]*>", clean.replace(line_end.encode(), b""))
    assert len(left) >= 2
    assert len(left[0]) <= len(before) * 8 // 6


@given(secret=secrets, cuts=st.lists(st.integers(0, 40), max_size=10))
def test_a_known_secret_is_found_in_hex_and_in_utf_16(secret: str, cuts: list[int]) -> None:
    raw = secret.encode()
    hidden = [raw.hex().encode(), raw.hex().upper().encode()]
    hidden += [secret.encode("utf-16-le"), secret.encode("utf-16-be")]
    data = b"\n".join(b"> " + form + b" <" for form in hidden)

    clean = redacted(data, Redactor({"TOKEN": secret}), cuts)

    assert clean == b"\n".join([b"> <redacted:TOKEN> <"] * 4)


def test_a_line_of_base64_waits_only_until_the_next_line() -> None:
    sink = io.BytesIO()
    stream = Redactor({"TOKEN": "some-secret-value"}).stream(sink)

    stream.write(b"first\n" + b"QUJD" * 16 + b"\n")
    before = sink.getvalue()
    stream.write(b"next\n")

    assert (before, sink.getvalue()) == (b"first\n", b"first\n" + b"QUJD" * 16 + b"\nnext\n")


@given(st.text(max_size=300), st.lists(st.integers(0, 50), max_size=10))
def test_chunking_changes_nothing(text: str, cuts: list[int]) -> None:
    data = text.encode()

    assert redacted(data, Redactor({"A": "need"}), cuts) == Redactor({"A": "need"}).bytes(data)


@given(st.binary(max_size=3000))
def test_bytes_without_a_secret_come_through_as_they_are(data: bytes) -> None:
    assert Redactor({"TOKEN": "a-very-unlikely-value"}).bytes(data) == data


def test_a_known_secret_of_many_lines_is_found_with_times_before_its_lines() -> None:
    secret = "first-line-of-it\nsecond-line-of-it\nthird"
    log = "\n".join(f"12:00 {line}" for line in secret.split("\n"))

    clean = Redactor({"CERTIFICATE": secret}).text(log)

    assert clean == "12:00 <redacted:CERTIFICATE>\n12:00 <redacted:CERTIFICATE>\n12:00 third"


@given(st.lists(st.integers(0, 30), max_size=20))
def test_a_known_secret_of_many_lines_is_found_in_any_chunking(cuts: list[int]) -> None:
    data = b"before\nab\ncd\nef\nafter\nmore\n"

    clean = redacted(data, Redactor({"LINES": "ab\ncd\nef"}), cuts)

    assert clean == b"before\n<redacted:LINES>\nafter\nmore\n"


@given(
    lengths=st.lists(st.integers(0, 900_000), min_size=1, max_size=3),
    place=st.integers(0, 2_700_000),
    cuts=st.lists(st.integers(1, 1_500_000), max_size=4),
)
def test_a_known_secret_of_many_lines_is_found_between_lines_of_any_length(
    lengths: list[int], place: int, cuts: list[int]
) -> None:
    text = b"\n".join(b"." * length for length in lengths)
    place = min(place, len(text))
    data = text[:place] + b"ab\ncd\nef" + text[place:]

    clean = redacted(data, Redactor({"LINES": "ab\ncd\nef"}), cuts)

    assert clean == text[:place] + b"<redacted:LINES>" + text[place:]


def test_a_short_line_before_a_very_long_one_is_handed_on() -> None:
    data = b"short\n" + b"." * 900_000

    assert Redactor({"LINES": "ab\ncd\nef"}).bytes(data) == data


def test_a_value_of_three_characters_is_not_replaced() -> None:
    assert Redactor({"SHORT": "abc"}).text("abcdef") == "abcdef"


def test_the_longer_of_two_secrets_is_named_where_both_stand() -> None:
    redactor = Redactor({"SHORT": "abcd-efgh", "LONG": "abcd-efgh-ijkl"})

    assert redactor.text("<abcd-efgh-ijkl>") == "<<redacted:LONG>>"


def test_a_secret_that_is_learnt_later_is_replaced_in_open_streams() -> None:
    sink = io.BytesIO()
    redactor = Redactor()
    stream = redactor.stream(sink)
    stream.write(b"first\n")

    redactor.learn("LATE", "late-secret-value")
    stream.write(b"has late-secret-value\n")

    assert sink.getvalue() == b"first\nhas <redacted:LATE>\n"


def test_whole_lines_are_handed_on_at_once() -> None:
    sink = io.BytesIO()

    Redactor({"TOKEN": "some-secret-value"}).stream(sink).write(b"one\ntwo\nthr")

    assert sink.getvalue() == b"one\ntwo\n"


def test_data_is_redacted_in_strings_keys_and_by_their_names() -> None:
    redactor = Redactor({"TOKEN": "known-value-1"})

    clean = redactor.data(
        {
            "known-value-1": ["known-value-1", 3, None],
            "nested": {"api_key": "Ab12Cd34Ef56", "count": 5},
            "argv": ["tool", "--password", "hunter2", "run"],
            "password": {"value": "tr0ub4dor&3", "origin": "a flag of Run 1"},
            "env": [{"name": "STORE_TOKEN", "value": "Ab12Cd34Ef56"}],
        }
    )

    assert clean == {
        "<redacted:TOKEN>": ["<redacted:TOKEN>", 3, None],
        "nested": {"api_key": "<redacted:api-key>", "count": 5},
        "argv": ["tool", "--password", "<redacted:password>", "run"],
        "password": {"value": "<redacted:password>", "origin": "a flag of Run 1"},
        "env": [{"name": "STORE_TOKEN", "value": "<redacted:token>"}],
    }


class Meter:
    """A sink that keeps nothing but the count and the end."""

    def __init__(self) -> None:
        self.size = 0
        self.end = b""

    def write(self, data: bytes) -> None:
        self.size += len(data)
        self.end = (self.end + data)[-100:]


def test_a_line_without_end_is_not_held() -> None:
    meter = Meter()
    stream = Redactor({"TOKEN": "some-secret-value"}).stream(meter)
    piece = b"0123456789abcdef" * 4096
    most_held = 0

    for number in range(1, 200):
        stream.write(piece)
        most_held = max(most_held, number * len(piece) - meter.size)

    assert most_held <= 1 << 20
    stream.close()
    assert meter.size == 199 * len(piece)


def test_a_secret_longer_than_all_that_may_wait_is_dropped_to_its_end() -> None:
    meter = Meter()
    stream = Redactor().stream(meter)

    stream.write(b"token=A1b2C3d4")
    for _ in range(60):
        stream.write(b"E5f6G7h8" * 8192)
    stream.write(b" and after it\n")
    stream.close()

    assert meter.size < 100
    assert meter.end == b"token=<redacted:token> and after it\n"
