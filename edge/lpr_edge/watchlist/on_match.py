"""The action of `--on-match`: a program or a relay."""

from lpr_edge.config.output_groups import WatchlistConfig
from lpr_edge.watchlist.relay import RelayAction, RelaySettings, is_relay, load_gpiozero, parse_relay
from lpr_edge.watchlist.run_command import CommandAction, parse_command


def configured_relay(watchlist: WatchlistConfig) -> RelaySettings | None:
    """The relay of `--on-match`; None for a program or no action.

    Raises:
        LprError: it is no pin that can be.
    """
    if not is_relay(watchlist.on_match):
        return None
    pulse_s, lock_out_s = watchlist.on_match_pulse.total_seconds(), watchlist.on_match_lock_out.total_seconds()
    return parse_relay(watchlist.on_match, pulse_s, lock_out_s, watchlist.on_match_active_low)


def check_on_match(watchlist: WatchlistConfig) -> None:
    """Check that the action can be carried out.

    Raises:
        LprError: there is no such program or pin, or an extra is missing.
    """
    if configured_relay(watchlist):
        load_gpiozero()
    else:
        parse_command(watchlist.on_match)


def open_on_match(watchlist: WatchlistConfig) -> RelayAction | CommandAction:
    """Open the action.

    Raises:
        LprError: see `check_on_match`.
    """
    relay = configured_relay(watchlist)
    if relay:
        return RelayAction(relay)
    return CommandAction(watchlist.on_match, watchlist.on_match_timeout.total_seconds())
