"""Settings come from the environment, once, at the start; docs/settings.md documents each (a test holds that)."""

import os
from collections.abc import Mapping
from typing import Annotated, Any, get_args, get_type_hints

import msgspec

from kupec.kit.errors import KupecError


class InvalidSetting(KupecError):
    """The environment variable {variable} is not valid: {reason}."""

    code = "invalid_setting"


def _about(text: str) -> msgspec.Meta:
    return msgspec.Meta(description=text)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting, its default and what it does. `name` is read from KUPEC_NAME (but DATABASE_URL as is)."""

    database_url: Annotated[str, _about("PostgreSQL to use; empty means the embedded one in the data directory.")] = ""
    data_dir: Annotated[str, _about("Where the embedded database and local secrets live.")] = ".kupec"
    secret: Annotated[str, _about("Signs links and cookies; made and kept in the data directory when empty.")] = ""
    base_url: Annotated[str, _about("The address customers reach the shop at, without a trailing slash.")] = (
        "http://localhost:8000"
    )
    host: Annotated[str, _about("The address the web server listens on.")] = "127.0.0.1"
    port: Annotated[int, _about("The port the web server listens on.")] = 8000
    web_workers: Annotated[int, _about("Web server processes.")] = 1
    pool_size: Annotated[int, _about("Most database connections of one process.")] = 10
    shop_name: Annotated[str, _about("The shop's name on pages and in mails.")] = "Zrnko"
    shop_email: Annotated[str, _about("The address mails come from and customers write to.")] = "obchod@zrnko.example"
    shop_timezone: Annotated[str, _about("IANA zone of the shop: cut-off times and dates on the desk.")] = (
        "Europe/Prague"
    )
    shop_country: Annotated[str, _about("ISO 3166 country the goods leave from; its holidays are observed.")] = "CZ"
    order_prefix: Annotated[str, _about("What order numbers begin with.")] = "Z"
    reservation_minutes: Annotated[int, _about("How long goods are held for somebody in checkout.")] = 15
    smtp_url: Annotated[
        str, _about("smtp://user:password@host:port (smtps:// for TLS); empty keeps mails in the outbox.")
    ] = ""
    card_provider: Annotated[
        str, _about('Who takes cards: "sandbox" (the gateway below, no real money) or "stripe".')
    ] = "sandbox"
    stripe_key: Annotated[str, _about("Secret key of the Stripe account (sk_…).")] = ""
    stripe_webhook_secret: Annotated[
        str, _about("Verifies Stripe's webhooks to /webhooks/stripe (whsec_…); empty refuses them all.")
    ] = ""
    stripe_url: Annotated[str, _about("Address of Stripe's API; only tests need another.")] = "https://api.stripe.com"
    card_gateway_url: Annotated[str, _about("Address of the card gateway's API.")] = "http://localhost:8010"
    card_gateway_key: Annotated[str, _about("Secret key for the card gateway.")] = "sandbox-key"
    card_webhook_secret: Annotated[str, _about("Verifies webhooks of the card gateway.")] = "sandbox-webhook-secret"
    packeta_url: Annotated[str, _about("Address of Packeta's REST interface.")] = "https://www.zasilkovna.cz/api/rest"
    packeta_password: Annotated[str, _about("API password of Packeta; empty leaves the connection out.")] = ""
    packeta_sender: Annotated[str, _about("The sender's label as Packeta knows it; empty takes the shop's name.")] = ""
    carrier_webhook_secret: Annotated[
        str, _about("Verifies carriers' webhooks (whsec_ and base64); empty refuses them all.")
    ] = ""
    payment_check_seconds: Annotated[int, _about("Pause before an unsettled payment is asked about again.")] = 10
    standing_lease_seconds: Annotated[int, _about("How long a worker holds standing orders it has taken in hand.")] = 45
    rate_limit: Annotated[int, _about("Changing requests one address may make a minute; 0 sets no limit.")] = 600
    webhook_allowed_hosts: Annotated[
        str, _about("Hosts, addresses or networks that webhooks may go to although they are not public.")
    ] = ""
    ucp_signatures: Annotated[str, _about('Whether agents must sign what they ask: "optional" or "required".')] = (
        "optional"
    )
    ucp_profiles: Annotated[
        str,
        _about(
            'Whether agents\' profiles are fetched: "asked" (and done without where one cannot be had), "required" or '
            '"off".'
        ),
    ] = "asked"
    ucp_rehearsal: Annotated[
        str,
        _about(
            "For conformance suites only: the secret by which they ship and refund orders, and what they leave out of "
            "a session is filled in. A real shop leaves it empty."
        ),
    ] = ""
    model_url: Annotated[
        str, _about("Address of an OpenAI-compatible language model (…/v1); empty runs without one, as is usual.")
    ] = ""
    model_key: Annotated[str, _about("Key for the language model.")] = ""
    model_name: Annotated[str, _about("Which of the models at that address is asked.")] = ""
    encoder: Annotated[
        str, _about("Directory of an ONNX sentence encoder (kupec[encoder]); empty runs without one, as is usual.")
    ] = ""
    mqtt_url: Annotated[
        str, _about("mqtt://user:password@host (mqtts:// for TLS): the broker that devices report to; empty: none.")
    ] = ""
    mqtt_ca: Annotated[
        str, _about("File with the certificates that the broker's is checked against; empty: the system's.")
    ] = ""
    mqtt_topic: Annotated[str, _about("What the topics of this shop's devices begin with.")] = "kupec/shop"
    metrics_token: Annotated[str, _about("Bearer token for /metrics; empty lets only this machine read them.")] = ""
    secure_cookies: Annotated[bool, _about("Send cookies over HTTPS only; switch on behind TLS.")] = False
    demo: Annotated[bool, _about("Shows demo sign-ins and the outbox without SMTP. Never on a real shop.")] = False
    log_format: Annotated[str, _about('"console" for people, "json" for machines.')] = "console"
    log_level: Annotated[str, _about("Least level that is logged: debug, info, warning, error.")] = "info"


def variable(field: str) -> str:
    """The environment variable of a setting."""
    return "DATABASE_URL" if field == "database_url" else f"KUPEC_{field.upper()}"


def describe() -> list[tuple[str, str, Any]]:
    """(variable, what it does, default) of every setting."""
    hints = get_type_hints(Settings, include_extras=True)
    rows = []
    for field in msgspec.structs.fields(Settings):
        meta = get_args(hints[field.name])[1]
        rows.append((variable(field.name), meta.description, field.default))
    return rows


def load(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this process. Raises InvalidSetting naming the variable and what is wrong."""
    known = {variable(name): name for name in Settings.__struct_fields__}
    values: dict[str, Any] = {}
    hints = get_type_hints(Settings)
    for name, field in known.items():
        if name in environment:
            values[field] = _convert(name, environment[name], hints[field])
    return Settings(**values)


def _convert(name: str, text: str, kind: type) -> Any:
    try:
        return msgspec.convert(text.strip(), kind, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidSetting(variable=name, reason=str(error)) from None
