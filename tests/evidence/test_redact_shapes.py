"""A secret that nobody named is known by its shape or its name; what only looks like one stays."""

from __future__ import annotations

import base64
import io
import json
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.redact import Redactor


def redacted(data: bytes, cuts: list[int]) -> bytes:
    """The data as a stream hands it on that is given it in pieces of these sizes."""
    sink = io.BytesIO()
    stream = Redactor().stream(sink)
    for size in cuts:
        stream.write(data[:size])
        data = data[size:]
    stream.write(data)
    stream.close()
    return sink.getvalue()


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
    "GitLab": ("remote: glpat-" + "aB3dE6gH9jK2mN5pQ8rT", "aB3dE6gH9", "gitlab-token"),
    "GitLab runner": ("--token glrt-" + "t3_aB3dE6gH9jK2mN5pQ8", "aB3dE6gH9", "gitlab-token"),
    "GitLab routable": (
        "glpat-" + "aB3dE6gH9jK2mN5pQ8rTaB3dE6g.01.0w1abcdef",
        "0w1abcdef",
        "gitlab-token",
    ),
    "PyPI": ("pypi-" + "AgEIcHlwaS5vcmcCJ" + "aB3dE6gH9" * 8, "aB3dE6gH9", "pypi-token"),
    "npm": ("npm_" + "aB3d" * 9, "aB3daB3d", "npm-token"),
    "Docker": ("dckr_pat_" + "aB3-E6gH9jK2mN5pQ8rTaB3dE6g", "E6gH9jK2", "docker-token"),
    "DigitalOcean": ("dop_v1_" + "0a1b2c3d" * 8, "0a1b2c3d", "digital-ocean-token"),
    "Grafana": ("glsa_" + "aB3dE6gH" * 4 + "_0a1b2c3d", "aB3dE6gH", "grafana-token"),
    "Vault": ("got hvs." + "CAESIJaB3dE6gH9jK2mN5pQ8rT", "aB3dE6gH9", "vault-token"),
    "SendGrid": ("SG." + "aB3dE6gH9jK2mN5pQ8rTuV." + "x" * 43, "aB3dE6gH9", "sendgrid-key"),
    "Telegram": (
        "bot12345678:" + "AA" + "aB3dE6gH9jK2mN5pQ8rTuVwX1yZ4aB7cD",
        "aB3dE6g",
        "telegram-token",
    ),
    "age": ("AGE-SECRET-KEY-1" + "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L" * 2, "QPZRY9X8", "age-key"),
    "Google": ("?key=AIza" + "SyaB3dE6gH9jK2mN5pQ8rTuVwX1yZ4aB7cD", "aB3dE6gH9", "google-key"),
    "Stripe": ("sk_" + "live_aB3dE6gH9jK2mN5pQ8", "aB3dE6gH9", "stripe-key"),
    "Azure application": (
        "is aB3" + "8Q~" + "dE6gH9jK2mN5pQ8rTuVwX1yZ4aB7cDeF2g",
        "dE6gH9jK2",
        "azure-secret",
    ),
    "Azure signed URL": (
        "https://x.blob.example/c/b?sv=2024-11-04&sig=" + "aB3dE6gH9jK2" * 4 + "%3D",
        "aB3dE6gH9",
        "azure-signature",
    ),
    "service bus connection string": (
        "Endpoint=sb://x/;SharedAccessKeyName=Root;SharedAccessKey="
        + b64("a key of thirty-two bytes, nearly"),
        b64("a key of thirty-two bytes"),
        "access-key",
    ),
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

    clean = redacted(data, cuts)

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

    assert redacted(data, cuts) == Redactor().bytes(data)


def test_a_private_key_with_escaped_line_ends_is_taken_out() -> None:
    clean = Redactor().text(json.dumps({"note": "x", "pem": PEM, "last": 1}))

    assert json.loads(clean) == {"note": "x", "pem": "<redacted:private-key>", "last": 1}


def test_a_private_key_that_is_cut_off_does_not_take_the_rest_of_the_log_with_it() -> None:
    rest = "".join(f"line {number} of something else /usr/lib/x\n" for number in range(20))

    clean = Redactor().text(pem("PRIVATE KEY", PEM_BODY).replace("-----END PRIVATE KEY-----", rest))

    assert clean.endswith(rest[-500:])
    assert "MIIEvQ" not in clean


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
    '{"max_tokens": 4096, "token_count": 12, "primary_key": "organisation_2024"}',
    "glossary-of-terms-Version2-of-the-project, gllimit-Report1-of-the-whole-year",
    "data:image/png;base64,iVBORw0KGgo/AIza" + "SyaB3dE6gH9jK2mN5pQ8rTuVwX1yZ4aB7cD" + "xYz+/A==",
    "hvs.example.org and ~/notes~2026, 12345678:ABC, /path?a=1&sig=none",
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
