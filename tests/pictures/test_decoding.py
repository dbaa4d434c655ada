"""What one decode may cost: formats, pixels, passes and how many at once."""

from __future__ import annotations

import io
import threading
import time

import numpy as np
import pytest
from PIL import Image, IptcImagePlugin

from samhq_demo.pictures import read_picture, read_true_mask
from samhq_demo.pictures.decoding import MAX_JPEG_SCANS, MAX_SLOW_MEGAPIXELS, MAX_WIDE_MEGAPIXELS, decode_slot
from tests.support.raster_files import saved


def iptc(content: bytes, *, size_wh: tuple[int, int]) -> bytes:
    """An IPTC file that says it has `size_wh` pixels and holds another file."""

    def field(record: int, number: int, data: bytes) -> bytes:
        return bytes([0x1C, record, number]) + len(data).to_bytes(2, "big") + data

    width, height = (side.to_bytes(2, "big") for side in size_wh)
    head = field(3, 60, b"\x01\x00") + field(3, 20, width) + field(3, 30, height)
    return head + field(3, 120, b"\x01") + field(8, 10, content)


def test_an_iptc_file_hands_nothing_to_another_reader() -> None:
    inner = saved(Image.new("L", (4000, 4000))).getvalue()[:30_000]
    file = io.BytesIO(iptc(inner, size_wh=(10, 10)))
    assert IptcImagePlugin.IptcImageFile(file).format == "IPTC"  # Pillow would take it
    with pytest.raises(ValueError, match="holds no picture that can be read"):
        read_picture(io.BytesIO(file.getvalue()))


def test_a_format_that_is_decoded_line_by_line_in_python_is_not_read() -> None:
    cards = [
        "SIMPLE  =                    T",
        "BITPIX  =                    8",
        "NAXIS   =                    2",
    ]
    cards += ["NAXIS1  =                   10", "NAXIS2  =                   10", "END"]
    fits = "".join(card.ljust(80) for card in cards).ljust(2880).encode() + bytes(2880)
    assert Image.open(io.BytesIO(fits)).format == "FITS"
    with pytest.raises(ValueError, match="holds no picture that can be read"):
        read_picture(io.BytesIO(fits))


def test_an_icon_is_measured_by_what_is_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("samhq_demo.pictures.decoding.MAX_MEGAPIXELS", 0.05)
    inner = saved(Image.new("RGB", (400, 300))).getvalue()
    head = b"\0\0\1\0\1\0" + bytes([16, 16, 0, 0]) + (1).to_bytes(2, "little") + (32).to_bytes(2, "little")
    file = head + len(inner).to_bytes(4, "little") + (22).to_bytes(4, "little") + inner
    with pytest.raises(ValueError, match="too large"):
        read_picture(io.BytesIO(file))


def test_floats_may_have_fewer_pixels() -> None:
    side = int((MAX_WIDE_MEGAPIXELS * 1_000_000) ** 0.5) + 1
    file = saved(Image.new("F", (side, side)), "TIFF", compression="tiff_deflate")
    with pytest.raises(
        ValueError, match=f"at most {MAX_WIDE_MEGAPIXELS} megapixels .* of a file of this kind"
    ):
        read_picture(file)


@pytest.mark.parametrize("read", [read_picture, lambda file: read_true_mask(file, size_wh=(3000, 3000))])
def test_what_python_decodes_may_have_few_pixels(read) -> None:
    for file in (b"P3 3000 3000 255\n" + b"0 " * 100, b"qoif\0\0\x0b\xb8\0\0\x0b\xb8\3\0" + b"\xfd" * 1000):
        began = time.process_time()
        with pytest.raises(ValueError, match=f"at most {MAX_SLOW_MEGAPIXELS} megapixels"):
            read(io.BytesIO(file))
        assert time.process_time() - began < 1


def test_a_jpeg_of_very_many_scans_is_refused() -> None:
    file = saved(Image.new("RGB", (64, 64)), "JPEG", progressive=True).getvalue()
    assert read_picture(io.BytesIO(file)).size_wh == (64, 64)
    start = file.rindex(b"\xff\xda")
    scan = file[start:-2]
    with pytest.raises(ValueError, match="far too many scans"):
        read_picture(io.BytesIO(file[:start] + scan * (MAX_JPEG_SCANS + 1) + file[-2:]))


def test_two_are_decoded_at_once_whatever_way_they_come() -> None:
    photo = saved(Image.fromarray(np.full((30, 40, 3), 200, np.uint8)))
    read = [threading.Event(), threading.Event()]

    def picture() -> None:
        read_picture(io.BytesIO(photo.getvalue()))
        read[0].set()

    def mask() -> None:
        read_true_mask(io.BytesIO(photo.getvalue()), size_wh=(40, 30))
        read[1].set()

    with decode_slot(), decode_slot():
        threads = [threading.Thread(target=picture), threading.Thread(target=mask)]
        for thread in threads:
            thread.start()
        assert not any(event.wait(0.3) for event in read)
    for thread in threads:
        thread.join(30)
    assert all(event.is_set() for event in read)


@pytest.mark.parametrize("file_format", ["BLP", "DDS", "ICNS", "IM", "PCX", "QOI", "SGI", "TGA"])
def test_rare_formats_of_pixels_are_read(file_format: str) -> None:
    saved_as = io.BytesIO()
    image = Image.new("RGB", (64, 48), (255, 0, 0))
    (image.convert("P") if file_format == "BLP" else image).save(saved_as, file_format)
    pixels = read_picture(io.BytesIO(saved_as.getvalue())).pixels
    assert pixels[len(pixels) // 2, 5].tolist() == [255, 0, 0]


def test_drawings_are_not_read() -> None:
    """PostScript reaches an interpreter, and stays unread."""
    saved_as = io.BytesIO()
    Image.new("RGB", (8, 8)).save(saved_as, "EPS")
    with pytest.raises(ValueError, match="PostScript"):
        read_picture(io.BytesIO(saved_as.getvalue()))
