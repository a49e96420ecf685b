"""URLs as settings hold them, from their texts."""

from lpr_edge.contract.base.url import HttpUrl
from lpr_edge.delivery.sinks.mqtt_login import BrokerUrl
from lpr_edge.delivery.sinks.webhook import WebhookUrl
from lpr_edge.frigate.frigate_api import FrigateUrl


def broker_url(text: str) -> BrokerUrl:
    return BrokerUrl.parse(text, "mqtt")


def webhook_url(text: str) -> WebhookUrl:
    return WebhookUrl.parse(text, "webhook")


def frigate_url(text: str) -> FrigateUrl:
    return FrigateUrl.parse(text, "url")


def models_url(text: str) -> HttpUrl:
    return HttpUrl.parse(text, "models")
