"""What stands in a file around its pixels is read by one rule, and what it cannot mean is refused."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from tests.data.conftest import photo, write_classes
from tlcore.modalities.image.containers import cleaned, raw_kind, turn_of
from tlcore.modalities.image.pixels import open_picture, read_pixels

XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'


def saved(image: Image.Image, form: str, **options) -> bytes:
    stream = BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")


def png(early: bytes = b"", late: bytes = b"", image: Image.Image | None = None) -> bytes:
    plain = saved(image or photo(), "PNG")
    return plain[:33] + early + plain[33:-12] + late + plain[-12:]


def tiff(tags: dict[int, tuple[int, bytes]], order: str = "<") -> bytes:
    """A TIFF of one directory; each tag with its type and its value of at most 4 bytes."""
    entries = b"".join(struct.pack(order + "HHI", tag, *each[:1], 1) + each[1] for tag, each in sorted(tags.items()))
    head = b"II*\0" if order == "<" else b"MM\0*"
    return head + struct.pack(order + "IH", 8, len(tags)) + entries + bytes(4)


def orientation(turn: int, order: str, *, as_long: bool) -> bytes:
    value = struct.pack(order + ("I" if as_long else "HH"), *([turn] if as_long else [turn, 0]))
    return tiff({0x0112: (4 if as_long else 3, value)}, order)


def segment(marker: int, body: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + (len(body) + 2).to_bytes(2, "big") + body


# === Orientation ===


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("as_long", [False, True])
@pytest.mark.parametrize("turn", [0, *range(1, 10), 300])
def test_the_orientation_is_read_in_either_order_and_size(turn, as_long, order):
    assert turn_of(orientation(turn, order, as_long=as_long)) == (turn if 1 <= turn <= 8 else 1)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reading_of_exif_or_of_a_raw_file(content):
    for head in (b"", b"II*\0", b"MM\0*", b"II*\0\x08\0\0\0"):
        assert 1 <= turn_of(head + content) <= 8
        assert isinstance(raw_kind(head + content), str)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_cleaning_of_a_file(content):
    for head in (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP"):
        cleaned(head + content)


def exif_in(place: str) -> bytes:
    block = orientation(6, ">", as_long=True)
    if place == "PNG, before the pixels":
        return png(early=chunk(b"eXIf", block))
    if place == "PNG, behind the pixels":
        return png(late=chunk(b"eXIf", block))
    if place == "WebP":
        return saved(photo(), "WEBP", lossless=True, exif=b"Exif\0\0" + block)
    plain = saved(photo(), "JPEG")
    return plain[:2] + segment(0xE1, b"") + segment(0xE1, b"Exif\0\0" + block) + plain[2:]


@pytest.mark.parametrize("place", ["JPEG", "PNG, before the pixels", "PNG, behind the pixels", "WebP"])
def test_exif_turns_a_picture_wherever_its_format_keeps_it(place):
    assert open_picture(exif_in(place)).size == photo().size[::-1]


def test_what_is_no_exif_turns_nothing():
    raw = b"\nexif\n%8d\n" % 20 + (b"Exif\0\0" + orientation(6, "<", as_long=False)).hex().encode() + b"\n"
    others = [
        saved(photo(), "JPEG", xmp=XMP),
        saved(photo(), "WEBP", xmp=XMP),
        png(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)),
        png(chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(raw))),
    ]
    assert {open_picture(content).size for content in others} == {photo().size}


# === What is left out ===


def test_a_png_with_a_large_profile_and_large_texts_is_read():
    profile = chunk(b"iCCP", b"large\0\0" + zlib.compress(bytes(3 << 20)))
    texts = chunk(b"zTXt", b"log\0\0" + zlib.compress(b"a" * (3 << 20))) + 100 * chunk(b"tEXt", b"k\0" + bytes(1 << 20))
    assert (np.asarray(open_picture(png(profile + texts, texts))) == np.asarray(photo())).all()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_colour_profile_changes_no_pixel(kind):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    plain, with_profile = saved(photo(), kind), saved(photo(), kind, icc_profile=profile)
    assert (read_pixels(plain, 32) == read_pixels(with_profile, 32)).all()


def test_the_still_picture_of_an_animated_png_is_its_picture():
    moving = saved(photo(0), "PNG", save_all=True, default_image=True, append_images=[photo(1), photo(2)])
    assert (np.asarray(open_picture(moving)) == np.asarray(photo(0))).all()


def test_a_phones_picture_with_a_second_view_is_reduced_as_any_jpeg():
    large = photo(size=(800, 600))
    two, one = saved(large, "MPO", save_all=True, append_images=[photo(1)]), saved(large, "JPEG")
    assert (read_pixels(two, 32) == read_pixels(one, 32)).all()


@pytest.mark.parametrize(("depth", "level"), [(1, 1), (2, 3), (2, 1), (4, 15), (4, 2)])
def test_a_transparent_grey_of_few_bits_becomes_white(depth, level):
    row = bytes([level << (8 - depth)])  # the level, and zeros beside it
    header = struct.pack(">IIBBBBB", 8 // depth, 1, depth, 0, 0, 0, 0)
    parts = (
        (b"IHDR", header),
        (b"tRNS", struct.pack(">H", level)),
        (b"IDAT", zlib.compress(b"\0" + row)),
        (b"IEND", b""),
    )
    opened = open_picture(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts))
    assert [opened.getpixel((x, 0))[0] for x in range(2)] == [255, 0]


@pytest.mark.parametrize("colour", [0, 2])
def test_a_transparent_colour_of_sixteen_bits_becomes_white(colour):
    channels = 3 if colour else 1
    values = np.array([[12345] * channels, [30000] * channels], ">u2")
    header = struct.pack(">IIBBBBB", 2, 1, 16, colour, 0, 0, 0)
    parts = (b"IHDR", header), (b"tRNS", values[0].tobytes()), (b"IDAT", zlib.compress(b"\0" + values.tobytes()))
    opened = open_picture(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in (*parts, (b"IEND", b""))))
    assert [opened.getpixel((x, 0))[0] for x in range(2)] == [255, 117]


def test_what_the_first_frame_of_a_gif_does_not_cover_is_white():
    content = bytearray(saved(Image.new("P", (4, 4), 1), "GIF"))
    content[6:10] = struct.pack("<HH", 8, 8)  # of the whole screen
    opened = np.asarray(open_picture(bytes(content)))
    assert opened.shape == (8, 8, 3)
    assert (opened[4:] == 255).all()
    assert (opened[:, 4:] == 255).all()
    assert not (opened[:4, :4] == 255).any()


def test_a_jpeg_without_its_end_is_refused_whatever_its_decoder_makes_up():
    content = saved(photo(), "JPEG")
    assert open_picture(content + bytes(90)).size == photo().size
    with pytest.raises(ValueError, match="cut short"):
        open_picture(content[:-2])


# === RAW files ===


def pictured(tags: dict[int, tuple[int, bytes]], order: str = "<") -> bytes:
    """A TIFF that Pillow opens, of one grey pixel, with more tags."""
    size = 8 + 2 + 12 * (8 + len(tags)) + 4
    known = {256: 1, 257: 1, 258: 8, 259: 1, 262: 1, 273: size, 277: 1, 279: 1}
    entries = {tag: (3, struct.pack(order + "HH", value, 0)) for tag, value in known.items()} | tags
    return tiff(entries, order) + b"\x80"


def number(value: int, order: str = "<") -> tuple[int, bytes]:
    return 4, struct.pack(order + "I", value)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (pictured({50706: (1, b"\1\4\0\0")}), "DNG"),
        (pictured({50706: (1, b"\1\4\0\0")}, ">"), "DNG"),
        (pictured({254: number(1), 330: number(8)}), "NEF"),
        (pictured({254: number(1, ">"), 330: number(8, ">")}, ">"), "NEF"),
        (pictured({271: (2, b"SON\0"), 330: number(9999)}), "ARW"),
        (pictured({262: (3, struct.pack("<HH", 32803, 0))}), "NEF"),
        (b"II*\0\x10\0\0\0CR\2\0" + bytes(64), "CR2"),
        (b"FUJIFILMCCD-RAW 0201" + bytes(64), "RAF"),
        (b"IIRO\x08\0\0\0" + bytes(64), "ORF"),
        (b"IIU\0\x18\0\0\0" + bytes(64), "RW2"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(64), "CR3"),
    ],
)
def test_a_raw_file_is_named_and_its_thumbnail_never_taken(content, kind):
    with pytest.raises(ValueError, match=rf"RAW file of a camera \(.*{kind}.*Export it as JPEG or TIFF"):
        open_picture(content)


def test_a_tiff_of_a_camera_or_with_smaller_copies_below_is_no_raw_file():
    maker = pictured({271: (2, b"SON\0")})
    itself = pictured({330: number(8)})  # a copy below it that is no larger
    assert open_picture(pictured({})).size == open_picture(maker).size == open_picture(itself).size == (1, 1)


def test_raw_files_are_left_out_of_an_import_by_name(tmp_path, take_in):
    folder = write_classes(tmp_path / "pets", "cats", "dogs", count=2)
    (folder / "cats" / "one.dng").write_bytes(pictured({50706: (1, b"\1\4\0\0")}))
    (folder / "cats" / "two.tif").write_bytes(pictured({254: number(1), 330: number(8)}))
    (folder / "dogs" / "three.raf").write_bytes(b"FUJIFILMCCD-RAW 0201" + bytes(64))
    (folder / "dogs" / "four.jpg").write_bytes(b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(64))
    report = take_in(folder)
    assert report.kept == 4
    assert len(report.left_out) == 4
    assert all("RAW file of a camera" in each.reason for each in report.left_out), report.left_out
