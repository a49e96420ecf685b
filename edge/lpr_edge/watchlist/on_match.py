"""The action of `--on-match`: a program or a relay."""

from lpr_edge.config.actions import Program, RelayPin
from lpr_edge.config.output_groups import WatchlistConfig
from lpr_edge.watchlist.relay import RelayAction, RelaySettings, load_gpiozero
from lpr_edge.watchlist.run_command import CommandAction, find_program


def configured_relay(watchlist: WatchlistConfig) -> RelaySettings | None:
    """The relay of `--on-match`; None for a program or no action."""
    pin = watchlist.on_match
    if not isinstance(pin, RelayPin):
        return None
    pulse_s, lock_out_s = watchlist.on_match_pulse.total_seconds(), watchlist.on_match_lock_out.total_seconds()
    return RelaySettings(pin.pin, pin.action, pulse_s, lock_out_s, watchlist.on_match_active_low)


def check_on_match(watchlist: WatchlistConfig) -> None:
    """Check that the action can be carried out.

    Raises:
        LprError: there is no such program, or an extra is missing.
    """
    if isinstance(watchlist.on_match, Program):
        find_program(watchlist.on_match)
    else:
        load_gpiozero()


def open_on_match(watchlist: WatchlistConfig) -> RelayAction | CommandAction | None:
    """Open the action; None where none is configured.

    Raises:
        LprError: see `check_on_match`.
    """
    if isinstance(watchlist.on_match, Program):
        return CommandAction(watchlist.on_match, watchlist.on_match_timeout.total_seconds())
    relay = configured_relay(watchlist)
    return RelayAction(relay) if relay else None
