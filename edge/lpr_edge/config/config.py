"""The settings of `lpr-edge`: nested frozen dataclasses with typed values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lpr_edge.config.extensions import (
    ExtensionSettings,
    SwitchedSettings,
)
from lpr_edge.config.input_groups import CameraSettings, CaptureConfig, ModelConfig, ReadingConfig, UpdateConfig
from lpr_edge.config.output_groups import (
    CollectConfig,
    DeliveryConfig,
    LogConfig,
    OutputConfig,
    PrivacyConfig,
    WatchlistConfig,
    WebConfig,
)
from lpr_edge.contract.base.units import require_setting
from lpr_edge.contract.settings.fields import APART


@dataclass(frozen=True)
class Config:
    """The settings of `lpr-edge`. In a file all keys are at the top level, whatever their group."""

    capture: CaptureConfig = field(default_factory=CaptureConfig)
    models: ModelConfig = field(default_factory=ModelConfig)
    update: UpdateConfig = field(default_factory=UpdateConfig)
    reading: ReadingConfig = field(default_factory=ReadingConfig)
    output: OutputConfig = field(default_factory=OutputConfig)
    watchlist: WatchlistConfig = field(default_factory=WatchlistConfig)
    privacy: PrivacyConfig = field(default_factory=PrivacyConfig)
    log: LogConfig = field(default_factory=LogConfig)
    delivery: DeliveryConfig = field(default_factory=DeliveryConfig)
    web: WebConfig = field(default_factory=WebConfig)
    collect: CollectConfig = field(default_factory=CollectConfig)
    sinks: Mapping[str, SwitchedSettings] = field(default_factory=dict, metadata=APART)
    """By name; those that any key is given for."""
    runtimes: Mapping[str, ExtensionSettings] = field(default_factory=dict, metadata=APART)
    """By name; those of other packages that any key is given for."""
    cameras: tuple[CameraSettings, ...] = field(default=(), metadata=APART)
    """Several of them in one process; empty where there is one, or none."""

    def __post_init__(self) -> None:
        """Reject groups that exclude each other.

        Raises:
            LprError: two do.
        """
        is_possible = not (self.stores and self.reading.every_frame)
        require_setting(is_possible, "every_frame", True, "off where events are stored or sent on")
        for key in ("camera", "source", "source_name") if self.cameras else ():
            found = getattr(self.capture, key)
            require_setting(found in (None, ""), key, repr(found), "left out where there are `[[cameras]]`")
        wanted = self.collect.collect
        require_setting(not (wanted and self.reading.every_frame), "every_frame", True, "off where `collect` is given")
        hides = self.privacy.blurs
        require_setting(not (wanted and hides), "collect", wanted, "left out where plates are hashed or blurred")

    @property
    def has_source(self) -> bool:
        """Whether a source is set."""
        return bool(self.cameras) or self.capture.is_given

    @property
    def enabled_sinks(self) -> list[SwitchedSettings]:
        """Settings of the sinks that are on."""
        return [sink for sink in self.sinks.values() if sink.is_on]

    @property
    def stores(self) -> bool:
        """Whether events go anywhere but to stdout."""
        lists = [self.watchlist.list, *(camera.values.get("list") for camera in self.cameras)]
        return bool(self.delivery.store or any(lists) or self.enabled_sinks)

    @property
    def sends(self) -> bool:
        """Whether a sink receives events as records, and can replay past ones."""
        return any(sink.sends_records for sink in self.enabled_sinks)
