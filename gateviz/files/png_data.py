"""Whether the data of a PNG fill its rows; Pillow leaves rows that are missing black, without a word."""

import zlib
from typing import Any

from gateviz.errors import ImageError

_SIGNATURE = 8
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PIECE = 1 << 20


def check_rows(file: Any) -> None:
    """Nothing where a PNG's data have every row; interlaced ones, whose rows come in passes, are not counted.

    Args:
        file: of bytes, a PNG that Pillow could open; it is left where it stood.

    Raises:
        ImageError: how many rows there are.
    """
    stood = file.tell()
    file.seek(_SIGNATURE)
    unpacker, found, wanted, row, height = zlib.decompressobj(), 0, 0, 1, 0
    while len(head := file.read(8)) == 8:
        size, kind = int.from_bytes(head[:4], "big"), head[4:]
        if kind == b"IHDR":
            header = file.read(size)
            width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
            if header[12]:
                break
            row = 1 + (width * _SAMPLES[header[9]] * header[8] + 7) // 8
            wanted = row * height
        elif kind == b"IDAT":
            data = file.read(size)
            while data and found < wanted:
                found += len(unpacker.decompress(data, _PIECE))
                data = unpacker.unconsumed_tail
        elif kind == b"IEND":
            break
        else:
            file.seek(size, 1)
        file.seek(4, 1)
    file.seek(stood)
    if found < wanted:
        raise ImageError(f"is cut short: it has {found // row} of its {height} rows; save it anew")
