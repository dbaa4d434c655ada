"""What may cost too much is decoded in a process of its own, which ends where it does."""

from __future__ import annotations

import io
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from samhq_demo.pictures import SeveralLabelsError, apart, picture, read_picture, read_true_mask
from samhq_demo.pictures.apart import Workers
from tests.support.raster_files import saved

SIZE_WH = (400, 300)


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Workers:
    """Those of this test alone, none of which has started."""
    made = Workers()
    monkeypatch.setattr(apart, "_WORKERS", made)
    return made


def noise(size_wh: tuple[int, int] = SIZE_WH) -> Image.Image:
    width, height = size_wh
    return Image.fromarray(np.random.default_rng(5).integers(0, 256, (height, width, 3), np.uint8))


def slow_file() -> io.BytesIO:
    """A picture as text, which Pillow reads in Python: many seconds for 4 megapixels."""
    return io.BytesIO(b"P3 2000 2000 255\n" + b"0 " * 12_000_000)


def tiff_tags(byte_count: int) -> bytes:
    """Tags that all have the same bytes for their value: together thousands of times what there is."""
    count = 60_000
    at = 8 + 2 + 12 * count + 4
    entries = b"".join(
        tag.to_bytes(2, "little")
        + b"\7\0"
        + (byte_count - at).to_bytes(4, "little")
        + at.to_bytes(4, "little")
        for tag in range(1000, 1000 + count)
    )
    return (b"II*\0\10\0\0\0" + count.to_bytes(2, "little") + entries + bytes(4)).ljust(byte_count, b"\1")


def jpeg_with_tags(tags: bytes) -> bytes:
    """A JPEG with its tags spread over as many segments as they take."""
    plain = saved(noise(), "JPEG").getvalue()
    start = plain.index(b"\xff\xdb")  # without the header that states a resolution: tags may state it
    pieces = (b"Exif\0\0" + tags[at : at + 65_000] for at in range(0, len(tags), 65_000))
    segments = b"".join(b"\xff\xe1" + (len(piece) + 2).to_bytes(2, "big") + piece for piece in pieces)
    return plain[:2] + segments + plain[start:]


def test_a_decode_past_its_time_ends_and_the_next_one_is_made() -> None:
    workers = Workers(seconds=1)
    with pytest.raises(ValueError, match=r"takes too long to decode: over 1 seconds\."):
        workers.run(picture._read, slow_file())
    assert workers._idle == []
    pixels, _ = workers.run(picture._read, saved(noise()))
    assert np.array_equal(pixels, np.asarray(noise()))
    assert len(workers._idle) == 1


def test_a_process_that_waits_and_does_not_work_is_ended_too() -> None:
    workers = Workers(wait_seconds=20)
    workers.run(picture._read, saved(noise()))
    (worker,) = workers._idle
    worker.send_signal(signal.SIGSTOP)
    workers._wait_seconds = 0.5
    with pytest.raises(ValueError, match="takes too long"):
        workers.run(picture._read, saved(noise()))
    assert worker.poll() is not None


def test_a_crash_in_a_decoder_is_one_refused_file(workers: Workers) -> None:
    tiff = saved(noise(), "TIFF")
    first = read_picture(tiff)
    (worker,) = workers._idle
    worker.send_signal(signal.SIGSEGV)
    worker.wait(60)
    assert read_picture(tiff).content_id == first.content_id
    assert [one.pid for one in workers._idle] != [worker.pid]


def test_ordinary_files_are_decoded_where_they_are(workers: Workers) -> None:
    for file_format in ("PNG", "JPEG", "WEBP", "BMP", "GIF"):
        assert read_picture(saved(noise(), file_format)).size_wh == SIZE_WH
    assert read_picture(saved(Image.new("RGB", SIZE_WH), "TIFF", compression="tiff_lzw")).size_wh == SIZE_WH
    assert workers._idle == []


def test_other_files_are_decoded_apart_with_the_same_result(workers: Workers, tmp_path: Path) -> None:
    wanted = read_picture(saved(noise()))
    path = tmp_path / "photo.tif"
    path.write_bytes(saved(noise(), "TIFF").getvalue())
    for source in (path, saved(noise(), "TIFF"), saved(noise(), "SGI")):
        found = read_picture(source)
        assert found.content_id == wanted.content_id
        assert not found.pixels.flags.writeable
    assert len(workers._idle) == 1


def test_masks_and_what_is_wrong_with_them_come_back_as_they_are(workers: Workers) -> None:
    labels = np.zeros((300, 400), np.uint8)
    labels[:100], labels[150:250] = 3, 7
    file = saved(Image.fromarray(labels), "TIFF")
    with pytest.raises(SeveralLabelsError) as several:
        read_true_mask(file, size_wh=SIZE_WH)
    assert several.value.labels == (3, 7)
    assert np.array_equal(read_true_mask(file, size_wh=SIZE_WH, label=7).mask, labels == 7)
    assert len(workers._idle) == 1


def test_a_jpeg_of_many_passes_over_many_pixels_is_decoded_apart(workers: Workers) -> None:
    file = saved(Image.new("L", (2400, 2000)), "JPEG", progressive=True).getvalue()
    start = file.rindex(b"\xff\xda")
    many = file[:start] + file[start:-2] * 80 + file[-2:]
    read_picture(io.BytesIO(file))
    assert workers._idle == []
    read_picture(io.BytesIO(many))
    assert len(workers._idle) == 1


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.parametrize("file_format", ["JPEG", "TIFF"])
def test_tags_that_claim_more_than_there_is_take_no_memory_here(workers: Workers, file_format: str) -> None:
    """A file of 4 MB claims 200 GB; without a bound this program would be ended by the system."""
    tags = tiff_tags(4 * 2**20)
    before = resident_mb()
    with pytest.raises(ValueError, match="takes too much memory"):
        read_picture(io.BytesIO(jpeg_with_tags(tags) if file_format == "JPEG" else tags))
    assert resident_mb() - before < 200


@pytest.mark.parametrize("file_format", ["PNG", "WEBP"])
def test_more_tags_than_cameras_write_are_not_looked_at(file_format: str) -> None:
    file = saved(noise(), file_format, exif=b"Exif\0\0" + tiff_tags(2**20))
    before = resident_mb()
    assert read_picture(file).size_wh == SIZE_WH
    assert resident_mb() - before < 200
