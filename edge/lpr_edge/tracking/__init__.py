"""From readings of one vehicle to one event, and the records that leave the device."""
