"""Where a model file holds its manifest: a zip archive on the end of a `.tflite`, a metadata property of an `.onnx`."""

import io
import zipfile
from collections.abc import Iterator

from lpr_edge.contract.base.errors import ManifestError

MAX_MANIFEST_BYTES = 16 << 20
"""Of a manifest, unpacked: a zip archive of some kilobytes can hold gigabytes."""
TFLITE_MEMBER = "manifest.json"
ONNX_KEY = "lpr.manifest"


def append_to_tflite(weights: bytes, text: str) -> bytes:
    """Append a manifest's text as a zip archive; equal inputs give equal bytes."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        info = zipfile.ZipInfo(TFLITE_MEMBER, date_time=(1980, 1, 1, 0, 0, 0))
        members.writestr(info, text.encode(), zipfile.ZIP_DEFLATED, 9)
    return weights + archive.getvalue()


def split_tflite(data: bytes) -> tuple[bytes, str]:
    """Split a file into weights and manifest.

    Raises:
        ManifestError: it has no readable manifest.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as members:
            member = members.getinfo(TFLITE_MEMBER)
            if member.file_size <= MAX_MANIFEST_BYTES:
                with members.open(member) as packed:  # in pieces: more than was promised is never unpacked
                    return data[: member.header_offset], packed.read(member.file_size).decode()
    except (zipfile.BadZipFile, KeyError, UnicodeDecodeError, OSError, ValueError, NotImplementedError) as error:
        raise ManifestError(
            "no readable lpr manifest in it: it wasn't made by lpr-export, or is damaged. Export it with lpr-export"
        ) from error
    except Exception as error:  # zlib.error has no public parent but Exception
        raise ManifestError("its manifest is damaged. Copy or export it again") from error
    raise ManifestError(f"its manifest is larger than {MAX_MANIFEST_BYTES >> 20} MB, and none is. Export it again")


# ONNX is a protobuf message; its metadata properties are field 14 of ModelProto, each with a key (1) and a value (2)
# (onnx.proto). Walking the top level is all that is needed, so the device does without the onnx package.
METADATA_FIELD = 14


def weights_of_onnx(model: bytes) -> bytes:
    """A file's bytes without its manifest, if it has one."""
    return b"".join(raw for key, raw in _onnx_parts(model) if key != ONNX_KEY)


def append_to_onnx(weights: bytes, text: str) -> bytes:
    """Append a manifest's text as a metadata property."""
    return weights + _onnx_property(ONNX_KEY, text)


def split_onnx(data: bytes) -> tuple[bytes, str]:
    """Split a file into weights and manifest.

    Raises:
        ManifestError: it is damaged, or has no manifest.
    """
    try:
        parts = list(_onnx_parts(data))
        found = {key: _onnx_value(raw) for key, raw in parts if key}
    except (IndexError, ValueError) as error:
        raise ManifestError("it is no ONNX file, or is damaged. Copy or export it again") from error
    if ONNX_KEY not in found:
        raise ManifestError("no lpr manifest in it: it wasn't made by lpr-export. Export it with lpr-export")
    return b"".join(raw for key, raw in parts if key != ONNX_KEY), found[ONNX_KEY]


def _onnx_parts(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Each top-level field's bytes, with its key where it is a metadata property, else an empty string."""
    position = 0
    while position < len(data):
        number, start, end = _protobuf_field(data, position)
        key = _protobuf_texts(data[start:end]).get(1, "") if number == METADATA_FIELD else ""
        yield key, data[position:end]
        position = end


def _onnx_value(raw: bytes) -> str:
    _, start, end = _protobuf_field(raw, 0)
    return _protobuf_texts(raw[start:end]).get(2, "")


def _protobuf_texts(message: bytes) -> dict[int, str]:
    texts: dict[int, str] = {}
    position = 0
    while position < len(message):
        number, start, position = _protobuf_field(message, position)
        texts[number] = message[start:position].decode()
    return texts


def _protobuf_field(data: bytes, position: int) -> tuple[int, int, int]:
    """Number, start and end of the field at `position` (protobuf wire format)."""
    tag, start = _varint(data, position)
    wire_type = tag & 7
    if wire_type == 0:
        _, end = _varint(data, start)
    elif wire_type == 2:
        length, start = _varint(data, start)
        end = start + length
    elif wire_type in (1, 5):
        end = start + (8 if wire_type == 1 else 4)
    else:
        raise ValueError(f"no protobuf: wire type {wire_type} at byte {position}")
    if end > len(data):
        raise ValueError(f"truncated: field at byte {position} ends at {end}, the data at {len(data)}")
    return tag >> 3, start, end


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        value |= (byte & 127) << shift
        position += 1
        if byte < 128:
            return value, position
        shift += 7
        if shift > 63:
            raise ValueError(f"no protobuf: a number without end at byte {position}")


def _onnx_property(key: str, value: str) -> bytes:
    payload = _protobuf_bytes(1, key.encode()) + _protobuf_bytes(2, value.encode())
    return _protobuf_bytes(METADATA_FIELD, payload)


def _protobuf_bytes(number: int, payload: bytes) -> bytes:
    return _to_varint(number << 3 | 2) + _to_varint(len(payload)) + payload


def _to_varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
