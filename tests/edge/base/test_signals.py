"""Signals that arrive while the process restarts."""

import subprocess
import sys

WITH_A_THREAD = """
import os, signal, threading, time
from lpr_edge.base.signals import hold_signals

threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
hold_signals()
os.kill(os.getpid(), signal.SIGTERM)
os.kill(os.getpid(), signal.SIGHUP)
while not {signal.SIGTERM, signal.SIGHUP} <= signal.sigpending():
    time.sleep(0.01)
time.sleep(0.5)  # the thread has handled its part by then
os.execv("/bin/grep", ["grep", "ShdPnd\\\\|SigPnd", "/proc/self/status"])
"""


def test_a_signal_that_another_thread_receives_waits_for_the_next_program() -> None:
    """Threads that don't block it can't end the process, and the program that is started has it pending."""
    done = subprocess.run([sys.executable, "-c", WITH_A_THREAD], capture_output=True, text=True, timeout=60, check=True)
    pending = 0
    for line in done.stdout.splitlines():
        pending |= int(line.split()[1], 16)
    assert pending & 0b100_0000_0000_0001 == 0b100_0000_0000_0001
