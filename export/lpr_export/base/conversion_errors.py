"""The converter's many lines of complaint, as one line that names the layer and what to do."""

import re

from lpr_export.base.layer_names import layer_of

ADVICE = "Build it from convolutions, dense layers, ReLU, pooling, sigmoid and softmax"
OUTSIDE = re.compile(r"""fused\["\w+:", "(?P<tensor>[^"@]+)[^']*'tf\.(?P<operator>\w+)' op is neither""")
"""MLIR's words where TFLite has no such operator: `fused["Erfinv:", "net/erfinv/Erfinv@…"] at … 'tf.Erfinv' op is
neither a custom op nor a flex op`."""


def why_not_converted(message: str, precision: str) -> str:
    """What a person should know of a failed conversion.

    Args:
        message: what the converter says.
        precision: what was asked for.
    """
    found = OUTSIDE.search(message)
    if found:
        return (
            f"TFLite has no built-in operator for {found['operator']} of the layer {layer_of(found['tensor'])}, so the "
            f"network can't be converted to {precision}. {ADVICE} instead"
        )
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    telling = [line for line in lines if "not supported" in line]
    first = (telling or lines or ["no reason given"])[0]
    return f"TFLite can't convert the network to {precision} with its built-in operators ({first[:300]}). {ADVICE}"
