"""The float networks that the package carries, with their rendered pictures."""

from pathlib import Path

from lpr_export.base.errors import ExportError
from lpr_export.base.run_folder import Run, open_run

MODELS = Path(__file__).parents[1] / "models"
NAMES = ("detector", "reader", "characters")


def shipped_runs() -> list[Run]:
    """Every float network that this lpr carries.

    Raises:
        ExportError: it carries none.
    """
    folders = [MODELS / name for name in NAMES if (MODELS / name).is_dir()]
    if not folders:
        raise ExportError(
            "this lpr carries no float networks: give a folder that lpr-train wrote, as in "
            "lpr-export --int8 runs/detector"
        )
    return [open_run(folder) for folder in folders]
