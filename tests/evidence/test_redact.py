"""No secret reaches a file, in no encoding and however the output is cut; and nothing else goes."""

from __future__ import annotations

import base64
import io
import json
import re
import string
import uuid
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
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


@given(st.text(max_size=300), st.lists(st.integers(0, 50), max_size=10))
def test_chunking_changes_nothing(text: str, cuts: list[int]) -> None:
    data = text.encode()

    assert redacted(data, Redactor({"A": "need"}), cuts) == Redactor({"A": "need"}).bytes(data)


@given(st.binary(max_size=3000))
def test_bytes_without_a_secret_come_through_as_they_are(data: bytes) -> None:
    assert Redactor({"TOKEN": "a-very-unlikely-value"}).bytes(data) == data


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


PEM_BODY = "\n".join(["MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"] * 20)


def pem(kind: str, body: str) -> str:
    return f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----"


PEM = pem("PRIVATE KEY", PEM_BODY + "\nMzEfYyjiWA4R4/M2bS1GB4t7NXp98C3S")
JWT = ".".join(
    [
        "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9",
        "eyJzdWIiOiIxMjM0NTY3ODkwIiwiYWRtaW4iOnRydWV9",
        "TJVA95OrM7E2cBab30RMHrHDcEfxjoYZgeFONFh7HgQ",
    ]
)
# Each: a line, what of it must be gone, and what it is called. None is a real credential.
SHAPED = {
    "AWS access key": ("id AKIA" + "Z7Q2M4X6L3J5K7W2", "Z7Q2M4X6L3J5K7W2", "aws-access-key-id"),
    "AWS session key": ("ASIA" + "Z7Q2M4X6L3J5K7W2.", "Z7Q2M4X6L3J5K7W2", "aws-access-key-id"),
    "AWS secret": (
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "wJalrXUtnFEMI",
        "access-key",
    ),
    "AWS secret in JSON": (
        '{"SecretAccessKey":"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}',
        "wJalrXUtnFEMI",
        "access-key",
    ),
    "AWS signed URL": (
        "GET /b?X-Amz-Expires=60&X-Amz-Signature=" + "3f" * 32,
        "3f" * 32,
        "aws-signature",
    ),
    "GitHub": ("using ghp_" + "a1B2" * 9, "a1B2a1B2", "github-token"),
    "GitHub Actions": ("using ghs_" + "a1B2" * 9, "a1B2a1B2", "github-token"),
    "GitHub fine-grained": ("github_pat_11ABCDEFG0" + "x9Y_" * 15, "x9Y_x9Y", "github-token"),
    "Slack": ("xoxb-" + "1234567890-abcdefGHIJKL", "1234567890-abc", "slack-token"),
    "Slack app": ("xapp-1-" + "A0123-4567-abcdef", "4567-abcdef", "slack-token"),
    "Slack webhook": (
        "https://hooks.slack.com/services/" + "T0000/B0000/XXXXyyyy11112222",
        "XXXXyyyy1111",
        "slack-webhook",
    ),
    "Prefect user": ("PREFECT pnu_" + "aB3dE6gH9" * 4, "aB3dE6gH9", "prefect-key"),
    "Prefect service": ("key pnb_" + "aB3dE6gH9" * 4, "aB3dE6gH9", "prefect-key"),
    "OpenAI": ("sk-" + "proj-Ab12Cd34Ef56Gh78Ij90", "Ab12Cd34", "openai-key"),
    "JWT": (f"got {JWT} back", "TJVA95OrM7E2", "jwt"),
    "bearer": ("> Bearer abcdefghij0123456789", "abcdefghij", "bearer-token"),
    "basic": ("Authorization: Basic " + b64("me:pw"), b64("me:pw"), "authorization"),
    "basic in JSON": ('"authorization": "basic dXNlcjpwdw=="', "dXNlcjpwdw", "authorization"),
    "URL": ("GET https://user:pa55@host.example/x", "pa55", "url-password"),
    "database URL": ("postgresql+psycopg://hotpass:s3cr3t@db:5432/x", "s3cr3t", "url-password"),
    "redis URL": ("redis://:s3cr3t@cache:6379/0", "s3cr3t", "url-password"),
    "connection string": (
        "Server=tcp:db;Database=x;User ID=me;Password=Pa55w0rd!;Encrypt=True",
        "Pa55w0rd!",
        "password",
    ),
    "storage connection string": (
        "AccountName=x;AccountKey=" + b64("some 32 bytes of a storage key!!") + ";Endpoint=y",
        b64("some 32 bytes of a storage key!!"),
        "account-key",
    ),
    "kubeconfig key": ("    client-key-data: " + b64(PEM)[:200], b64(PEM)[60:90], "private-key"),
    "kubeconfig token": ("    token: kubeconfig-u-abc12:x9y8z7w6v5", "x9y8z7w6v5", "token"),
    "AWS secret that begins like a path": (
        "secret_access_key=/K7MDENGbPxRfi/CYEXAMPLEKEYwJalrXUtnFEMI",
        "K7MDENGbPxRfi",
        "access-key",
    ),
    "password that begins like a variable": ("password=$ecr3t-1", "$ecr3t-1", "password"),
    "password of letters alone": ("password: CorrectHorse", "CorrectHorse", "password"),
    "environment": ("export API_KEY=ab12cd34ef56gh78", "ab12cd34ef56", "api-key"),
    "JSON": ('{"password": "tr0ub4dor&3", "user": "x"}', "tr0ub4dor&3", "password"),
    "JSON in JSON": (r'"{\"client_secret\": \"Ab12Cd34Ef56\"}"', "Ab12Cd34Ef56", "secret"),
    "YAML": ("  githubToken: 'Ab12Cd34Ef56'", "Ab12Cd34Ef56", "token"),
    "flag": ("$ tool --api-token Ab12Cd34Ef56 run", "Ab12Cd34Ef56", "token"),
    "flag with equals sign": ("$ tool --password=hunter2 run", "hunter2", "password"),
    "name inside a value": ("key=token=Ab12Cd34Ef56", "Ab12Cd34Ef56", "token"),
    "passphrase": ("BORG_PASSPHRASE=Ab12-Cd34", "Ab12-Cd34", "password"),
}


@pytest.mark.parametrize("case", sorted(SHAPED))
def test_a_secret_is_known_by_its_shape_or_its_name(case: str) -> None:
    line, secret, name = SHAPED[case]
    redactor = Redactor()

    clean = redactor.text(f"before\n{line}\nafter\n")

    assert secret not in clean
    assert f"<redacted:{name}>" in clean
    assert clean.startswith("before\n") and clean.endswith("\nafter\n")
    assert redactor.counts == {name: 1}


@given(
    case=st.sampled_from(sorted(SHAPED)),
    filling=st.integers(0, 600_000),
    cuts=st.lists(st.integers(1, 300_000), max_size=6),
)
def test_no_place_in_a_line_without_end_hides_a_secret(
    case: str, filling: int, cuts: list[int]
) -> None:
    line, secret, _ = SHAPED[case]
    data = b"." * filling + b" " + line.encode() + b" " + b"." * 300_000

    clean = redacted(data, Redactor(), cuts)

    assert secret.encode() not in clean


@pytest.mark.parametrize(
    "prefix", ["", "    ", "2026-01-31T14:00:00.000Z stderr F ", "pod/runner-1 | "]
)
def test_a_private_key_of_many_lines_is_taken_out_whatever_stands_before_them(prefix: str) -> None:
    lines = [f"{prefix}{line}" for line in ["before", *PEM.split("\n"), "after"]]

    clean = Redactor().text("\n".join(lines))

    assert "MIIEvQ" not in clean
    assert "MzEfYyjiWA4R4" not in clean
    assert clean.startswith(f"{prefix}before\n") and clean.endswith(f"\n{prefix}after")
    assert clean.count("\n") == len(lines) - 1


@given(st.lists(st.integers(0, 300), max_size=20))
def test_a_private_key_is_taken_out_in_any_chunking(cuts: list[int]) -> None:
    data = f"before\n{PEM}\nafter\n".encode()

    assert redacted(data, Redactor(), cuts) == Redactor().bytes(data)


def test_a_private_key_with_escaped_line_ends_is_taken_out() -> None:
    clean = Redactor().text(json.dumps({"note": "x", "pem": PEM, "last": 1}))

    assert json.loads(clean) == {"note": "x", "pem": "<redacted:private-key>", "last": 1}


def test_a_private_key_that_is_cut_off_does_not_take_the_rest_of_the_log_with_it() -> None:
    rest = "".join(f"line {number} of something else /usr/lib/x\n" for number in range(20))

    clean = Redactor().text(pem("PRIVATE KEY", PEM_BODY).replace("-----END PRIVATE KEY-----", rest))

    assert clean.endswith(rest[-500:])
    assert "MIIEvQ" not in clean


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


HARMLESS = (
    "commit 8200ad2f4b1c9e0d7a6b5c4d3e2f1a0b9c8d7e6f",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  refined.xlsx",
    f"flow run id={uuid.UUID(int=0x1234567890ABCDEF1234567890ABCDEF)} finished",
    "git_sha=8200ad2f4b1c9e0d7a6b5c4d3e2f1a0b9c8d7e6f",
    "token_sha256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "wrote /srv/project/dist/staging/e2e/20260131T140000Z/artifacts/refined.xlsx",
    "password_file=/run/secrets/database-1",
    "--token-file /var/run/secrets/tokens/token1",
    "secret: /run/secrets/Database1",
    "max_tokens=4096, token count: 12345678",
    "tokenizer=bert-base-uncased-v2",
    "secret/arc-runner-1 created",
    "key=organisation_id2024 value=3",
    "primary_key: organisation_2024",
    "keys: name1234, phone5678",
    "password: required, at least eight",
    "password = os.environ['HOTPASS_PASSWORD1']",
    "password=${DATABASE_PASSWORD_1}",
    "token = load_token(path1, 'v2')",
    "def login(password: str | None = None, token: Optional[str] = None)",
    "raise InvalidToken, not token = InvalidNextTokenException",
    "master_user_password = self.settings.master_user_password",
    'AUTH_FLOW_PASSWORD = "ADMIN_USER_PASSWORD_AUTH"',
    "Authorization header missing",
    pem("CERTIFICATE", "MIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBa"),
    pem("PUBLIC KEY", "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEabcdefghijklm"),
    "certificate-authority-data: " + b64("-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwI"),
    "http://127.0.0.1:4200/api/flow_runs/filter?limit=200",
    "docker pull registry.example:5000/app@sha256:" + "ab" * 32,
    "mail info@example.org, see https://example.org:443/@handle",
    "the task-Runner1-with-a-long-name0 and disk-Usage2-report-of-today",
    "2026-01-31 14:00:00,123 INFO hotpass.stages.resolve - merged 12 rows in 0.123 s",
)


@pytest.mark.parametrize("line", HARMLESS)
def test_what_is_no_secret_stays(line: str) -> None:
    redactor = Redactor({"TOKEN": "Zq81-unrelated-value"})

    assert redactor.text(line) == line
    assert redactor.counts == {}


def test_redacting_twice_changes_nothing_more() -> None:
    once = Redactor().text("\n".join(line for line, _, _ in SHAPED.values()))
    again = Redactor()

    assert again.text(once) == once
    assert again.counts == {}


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
        }
    )

    assert clean == {
        "<redacted:TOKEN>": ["<redacted:TOKEN>", 3, None],
        "nested": {"api_key": "<redacted:api-key>", "count": 5},
        "argv": ["tool", "--password", "<redacted:password>", "run"],
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
