import os
import shutil
from pathlib import Path

import pytest
from tests.support.two_machines import train, two_machines

NEEDS = "needs root and iproute2 (apt install iproute2): it makes network namespaces"


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0 or not all(map(shutil.which, ("ip", "taskset"))), reason=NEEDS)
def test_two_machines_train_one_network(tmp_path: Path) -> None:
    """Machines that share only a cable send each other gradients, both end, and the first one alone writes files."""
    flags = ["characters", "--epochs", "1", "--steps-per-epoch", "2", "--batch-size", "8", "--holdout", "0"]
    with two_machines() as machines:
        trained = train(machines, [*flags, "--representative", "4", "--heldout", "4"], tmp_path)
    assert len(trained.loss) == 1
    assert min(trained.sent_bytes) > 100_000
    assert trained.files[0] > 5
    assert trained.files[1] == 0
