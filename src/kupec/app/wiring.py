"""Who is told of what, what runs when: the whole of it, in one place to read."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from uuid import UUID

from kupec import (
    assistant,
    billing,
    catalogue,
    conversations,
    customers,
    experiments,
    integrations,
    knowledge,
    outreach,
    personalization,
    sales,
    staff,
)
from kupec.app import tools
from kupec.billing import CardProvider, SandboxCards, StripeCards
from kupec.kit.clock import Clock
from kupec.kit.db import Database
from kupec.kit.due import Due
from kupec.kit.encoder import encoder_at_hand
from kupec.kit.jobs import Job
from kupec.kit.mail import OutboxTransport, SmtpTransport, Transport
from kupec.kit.outside import Outside
from kupec.kit.personal import PrivacyPart
from kupec.kit.settings import InvalidSetting, Settings
from kupec.kit.subscribers import Subscriber
from kupec.machines import acp, choice, devices, feeds, mandates, market, mcp, replenishment, sourcing, trust, ucp


def sender(settings: Settings) -> outreach.Sender:
    return outreach.Sender(
        name=settings.shop_name,
        email=settings.shop_email,
        base_url=settings.base_url,
        secret=settings.secret,
    )


def mail_transport(settings: Settings) -> Transport:
    return SmtpTransport(settings.smtp_url) if settings.smtp_url else OutboxTransport()


def card_provider(settings: Settings) -> SandboxCards | StripeCards:
    """Raises InvalidSetting for a provider we do not know, or Stripe without a key."""
    if settings.card_provider == "sandbox":
        return SandboxCards(
            settings.card_gateway_url, key=settings.card_gateway_key, webhook_secret=settings.card_webhook_secret
        )
    if settings.card_provider != "stripe":
        raise InvalidSetting(variable="KUPEC_CARD_PROVIDER", reason='it is "sandbox" or "stripe"')
    if not settings.stripe_key:
        raise InvalidSetting(variable="KUPEC_STRIPE_KEY", reason="Stripe needs it")
    return StripeCards(
        settings.stripe_url,
        key=settings.stripe_key,
        webhook_secret=settings.stripe_webhook_secret,
        title=settings.shop_name,
    )


def checkout(
    settings: Settings, database: Database, payments: CardProvider, clock: Clock, *, at_once: int = 64
) -> sales.Checkout:
    return sales.Checkout(
        database,
        payments,
        clock,
        hold_for=timedelta(minutes=settings.reservation_minutes),
        order_prefix=settings.order_prefix,
        at_once=at_once,
    )


def channels(settings: Settings) -> dict[str, conversations.Channel]:
    """The ways to talk with customers, by their codes; docs/adding-a-channel.md says how one is added."""
    found: list[conversations.Channel] = [
        conversations.WebChannel(settings.secret),
        conversations.MailChannel(
            settings.secret, mail_transport(settings), shop=settings.shop_name, base_url=settings.base_url
        ),
        conversations.SpokenChannel("phone"),
        conversations.SpokenChannel("counter"),
        conversations.TelegramChannel(),
    ]
    return {channel.code: channel for channel in found}


def carriers(settings: Settings) -> dict[str, sales.Carrier]:
    """The connections to carriers, by the name that a way of delivery calls them."""
    found: dict[str, sales.Carrier] = {"own": sales.OwnLabels()}
    if settings.packeta_password:
        found["packeta"] = sales.Packeta(
            settings.packeta_url,
            password=settings.packeta_password,
            sender=settings.packeta_sender or settings.shop_name,
        )
    return found


def courier(settings: Settings) -> integrations.Courier:
    return integrations.Courier(integrations.reach_of(settings.webhook_allowed_hosts, local=settings.demo))


def machine_buyer(
    settings: Settings, database: Database, selling: sales.Checkout, clock: Clock
) -> mandates.MachineBuyer:
    """Buys for owners what their machines want."""
    return mandates.MachineBuyer(database, selling, clock, return_url=settings.base_url)


def machine_sourcing(
    settings: Settings, database: Database, trusted: trust.Trust, buyer: mandates.MachineBuyer, clock: Clock
) -> sourcing.Sourcing:
    """Buys for owners of whoever serves them best."""
    return sourcing.Sourcing(database, trusted, buyer, clock, secret=settings.secret, zone=settings.shop_timezone)


def machine_trust(settings: Settings, database: Database, clock: Clock) -> trust.Trust:
    """What we say to machines is signed with it, what they say is judged. Raises InvalidSetting."""
    if settings.ucp_signatures not in ("optional", "required"):
        raise InvalidSetting(variable="KUPEC_UCP_SIGNATURES", reason='it is "optional" or "required"')
    if settings.ucp_profiles not in ("asked", "required", "off"):
        raise InvalidSetting(variable="KUPEC_UCP_PROFILES", reason='it is "asked", "required" or "off"')
    return trust.Trust(
        database,
        Outside(
            integrations.reach_of(settings.webhook_allowed_hosts, local=settings.demo or bool(settings.ucp_rehearsal))
        ),
        clock,
        secret=settings.secret,
        base_url=settings.base_url,
        required=settings.ucp_signatures == "required",
    )


def bot(
    settings: Settings,
    database: Database,
    selling: sales.Checkout,
    clock: Clock,
    *,
    said: Callable[[UUID], None] = lambda _conversation_id: None,
) -> assistant.Bot:
    """The bot of one process; `said` hears of each conversation in which it has written.

    Raises what `open_encoder` does: an encoder that is named and cannot be used stops the process, not a turn.
    """
    encoder_at_hand()
    return assistant.Bot(
        database,
        toolbox=tools.toolbox(),
        services=tools.services(settings, database, selling),
        shop=assistant.Shop(
            base_url=settings.base_url, zone=settings.shop_timezone, order_prefix=settings.order_prefix
        ),
        clock=clock,
        reach=integrations.reach_of(settings.webhook_allowed_hosts, local=settings.demo),
        secret=settings.secret,
        model=tools.language_model(settings, database, clock),
        said=said,
    )


def subscribers(settings: Settings) -> list[Subscriber]:
    """Who reads the event log."""
    return [
        outreach.subscriber(sender(settings)),
        outreach.message_subscriber(sender(settings)),
        outreach.privacy_subscriber(sender(settings)),
        customers.consent_subscriber(),
        customers.points_subscriber(),
        sales.consent_coupon_subscriber(),
        outreach.task_subscriber(sender(settings), timezone=settings.shop_timezone),
        outreach.rules_subscriber(),
        sales.attention_subscriber(),
        sales.owned_subscriber(),
        customers.relation_subscriber(),
        sales.referral_subscriber(),
        billing.ledger_subscriber(),
        billing.invoice_subscriber(_books(settings)),
        integrations.subscriber(),
        replenishment.replenishment_subscriber(),
        ucp.order_news_subscriber(settings),
        ucp.consent_subscriber(),
        personalization.stats_subscriber(),
        assistant.training_subscriber(),
        assistant.flow_tally_subscriber(),
        assistant.outcome_subscriber(),
        acp.acp_order_subscriber(settings),
    ]


def survey_place(settings: Settings) -> conversations.SurveyPlace:
    return conversations.SurveyPlace(base_url=settings.base_url, secret=settings.secret)


def _rules(settings: Settings) -> outreach.RulePlace:
    return outreach.RulePlace(timezone=settings.shop_timezone, country=settings.shop_country, sender=sender(settings))


def privacy_parts() -> list[PrivacyPart]:
    """What each room holds about a customer, the highest first."""
    return [
        assistant.privacy_part,
        integrations.privacy_part,
        outreach.privacy_part,
        personalization.privacy_part,
        replenishment.privacy_part,
        acp.privacy_part,
        ucp.privacy_part,
        devices.privacy_part,
        mcp.privacy_part,
        market.privacy_part,
        sourcing.privacy_part,
        mandates.privacy_part,
        sales.privacy_part,
        knowledge.privacy_part,
        billing.privacy_part,
        conversations.privacy_part,
        experiments.privacy_part,
        customers.privacy_part,
    ]


def _books(settings: Settings) -> billing.Shop:
    return billing.Shop(timezone=settings.shop_timezone, name=settings.shop_name, country=settings.shop_country)


def jobs(settings: Settings, parcels: Mapping[str, sales.Carrier], trusted: trust.Trust) -> list[Job]:
    """What happens outside the database."""
    return [
        outreach.job(mail_transport(settings), sender(settings)),
        outreach.sign_in_mail_job(mail_transport(settings), sender(settings), show=settings.demo),
        billing.print_job(),
        *assistant.learning_jobs(),
        integrations.sending_job(courier(settings)),
        choice.fit_job(),
        feeds.push_job(trusted.outside, settings),
        trust.webhook_job(trusted, {"acp": acp.webhook_signer(settings.secret)}),
        sales.label_job(parcels, sender=settings.shop_name),
        sales.settle_job(order_prefix=settings.order_prefix),
        customers.privacy_job(privacy_parts(), secret=settings.secret, shop=settings.shop_name),
    ]


def dues(settings: Settings) -> list[Due]:
    """What becomes due by the clock."""
    return [
        *outreach.rule_dues(_rules(settings)),
        Due(name="hours of meters", verb=devices.sum_hours, every=60),
        Due(name="silent devices", verb=devices.notice_silent, every=60),
        Due(name="readings kept long enough", verb=devices.forget_readings, every=600),
        Due(name="reservations", verb=catalogue.expire_reservations, every=30),
        Due(name="messages held", verb=outreach.release_held, every=30),
        Due(name="left carts", verb=partial(outreach.write_left_carts, sender=sender(settings)), every=600),
        Due(name="silent customers", verb=partial(outreach.write_dormant, sender=sender(settings)), every=3600),
        Due(name="services", verb=sales.notice_services, every=600),
        Due(name="bounces", verb=outreach.read_bounces, every=30),
        choice.fit_due(),
        Due(name="requests for quotes", verb=market.decide_due, every=1, waiting=market.waiting_to_be_decided),
        Due(name="slots", verb=sales.open_slots_ahead, every=600),
        Due(name="guesses at orders", verb=sales.forget_guesses, every=3600),
        Due(name="carriers' notices", verb=sales.act_on_notices, every=5),
        Due(name="late parcels", verb=sales.call_late, every=600),
        Due(name="drafts", verb=sales.abandon_expired_drafts, every=5),
        Due(name="api requests", verb=integrations.forget_requests, every=3600),
        Due(name="agents nobody has connected", verb=mcp.forget_clients, every=3600),
        Due(name="webhooks sent", verb=integrations.forget_deliveries, every=3600),
        Due(name="devices that run low", verb=replenishment.wake_low, every=3),
        Due(name="machines' wishes nobody answered", verb=mandates.expire_purchases, every=600),
        Due(name="feeds pushed", verb=feeds.queue_pushes, every=60),
        Due(name="answers to ACP", verb=acp.forget_acp_requests, every=3600),
        Due(name="keys of platforms", verb=ucp.forget_requests, every=3600),
        Due(name="requests of the market", verb=market.forget_rfqs, every=3600),
        Due(name="machines told", verb=trust.forget_machine_webhooks, every=3600),
        Due(name="machines' profiles", verb=trust.forget_profiles, every=3600),
        Due(name="signatures seen", verb=trust.forget_signatures, every=600),
        Due(name="signing keys", verb=partial(trust.rotate_due, secret=settings.secret), every=3600),
        Due(name="overdue payments", verb=billing.remind_overdue, every=600),
        Due(name="approvals", verb=sales.expire_approvals, every=600),
        Due(name="dunning", verb=billing.dun, every=600),
        Due(name="unpaid orders", verb=sales.cancel_unpaid, every=600),
        Due(name="reminders of tasks", verb=customers.remind_tasks, every=5, waiting=customers.waiting_reminders),
        Due(name="segments", verb=personalization.refresh_segments, every=60),
        Due(name="old visits", verb=customers.forget_old_views, every=3600),
        Due(name="browsers that chatted", verb=conversations.forget_old_visitors, every=3600),
        Due(name="referrals", verb=customers.forget_referrals, every=3600),
        Due(name="unconfirmed consents", verb=customers.forget_asks, every=3600),
        Due(name="points", verb=customers.expire_points, every=600),
        Due(name="postponed erasures", verb=customers.resume_postponed, every=600),
        Due(name="exports", verb=customers.forget_exports, every=3600),
        customers.retention_due(privacy_parts()),
        Due(name="reminders of standing orders", verb=sales.remind_due, every=30),
        Due(
            name="conversations nobody has",
            verb=conversations.route_waiting,
            every=2,
            waiting=conversations.waiting_to_be_routed,
        ),
        Due(
            name="customers who wait too long",
            verb=conversations.call_overdue,
            every=5,
            waiting=conversations.waiting_overdue,
        ),
        Due(name="surveys", verb=partial(conversations.ask_surveys, place=survey_place(settings)), every=5),
        Due(name="surveys to come", verb=conversations.nps_due, every=3600),
        Due(name="who looked at conversations", verb=conversations.forget_presence, every=600),
        Due(name="conversations kept long enough", verb=conversations.apply_retention, every=3600),
        assistant.gathering_due(),
        Due(name="words learnt from", verb=assistant.forget_learnt, every=3600),
        Due(name="conversations put off", verb=conversations.wake_snoozed, every=30),
        Due(name="guardrails", verb=experiments.guard_due, every=experiments.GUARDED_EVERY),
        Due(name="sign-ins", verb=staff.forget_expired, every=3600),
        Due(name="customers' sign-ins", verb=customers.forget_sign_ins, every=3600),
    ]
