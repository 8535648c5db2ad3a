from __future__ import annotations

import ast
import sys
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tests.data.conftest import SUFFIX_OF_FORMAT, photo, write_picture
from tlcore.modalities.image import pixels
from tlcore.modalities.image.pixels import open_picture, read_pixels, to_pixels
from tlcore.modalities.image.standalone import pixels_py


def saved(picture: Image.Image, kind: str, **options) -> bytes:
    stream = BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def near(one, other, most: float) -> bool:
    return np.abs(np.asarray(one, np.float64) - np.asarray(other, np.float64)).mean() <= most


@pytest.mark.parametrize("kind", SUFFIX_OF_FORMAT)
def test_every_format_gives_the_same_picture(tmp_path, kind):
    path = write_picture(tmp_path / f"picture{SUFFIX_OF_FORMAT[kind]}")
    picture = open_picture(path)
    assert picture.mode == "RGB"
    assert picture.size == (48, 32)
    assert near(picture, photo(), 16 if kind == "GIF" else 6)


@pytest.mark.parametrize("kind", SUFFIX_OF_FORMAT)
def test_paths_bytes_and_streams_are_the_same_source(tmp_path, kind):
    path = write_picture(tmp_path / f"picture{SUFFIX_OF_FORMAT[kind]}")
    from_path = read_pixels(path, 16)
    assert (from_path == read_pixels(path.read_bytes(), 16)).all()
    with path.open("rb") as stream:
        assert (from_path == read_pixels(stream, 16)).all()
    assert (from_path == read_pixels(str(path), 16)).all()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_exif_orientation_is_applied(kind, turn):
    # As a camera writes it: the pixels lie, the tag says how to hold them.
    exif = Image.Exif()
    exif[0x0112] = turn
    lying = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = photo().transpose(lying[turn]) if turn in lying else photo()
    picture = open_picture(saved(stored, kind, exif=exif.tobytes()))
    assert picture.size == (48, 32)
    assert near(picture, photo(), 6)


def test_heic_orientation_is_applied_once(tmp_path):
    pillow_heif = pytest.importorskip("pillow_heif")
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "phone.heic"
    pillow_heif.from_pillow(photo().transpose(Image.Transpose.ROTATE_90)).save(path, quality=90, exif=exif.tobytes())
    assert open_picture(path).size == (48, 32)
    assert near(open_picture(path), photo(), 8)


def test_damaged_exif_is_no_reason_to_refuse_a_picture():
    assert open_picture(saved(photo(), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff")).size == (48, 32)


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "RGBA"), ("PNG", "LA"), ("WEBP", "RGBA"), ("TIFF", "RGBA")])
def test_transparency_lies_over_white(kind, mode):
    clear = photo().convert(mode)
    clear.putalpha(0)
    assert (np.asarray(open_picture(saved(clear, kind, **({"exact": True} if kind == "WEBP" else {})))) == 255).all()


def test_half_transparency_is_half_white():
    half = Image.new("RGBA", (8, 8), (0, 0, 0, 128))
    assert near(open_picture(saved(half, "PNG")), np.full((8, 8, 3), 127), 1)


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_transparent_colour_of_a_palette_becomes_white(kind):
    palette = photo().quantize(16)
    corner = palette.getpixel((0, 0))
    opened = open_picture(saved(palette, kind, transparency=corner))
    assert opened.getpixel((0, 0)) == (255, 255, 255)
    assert opened.getpixel((40, 30)) != (255, 255, 255)


def test_a_transparent_colour_without_a_palette_becomes_white():
    picture = Image.new("RGB", (4, 4), (10, 20, 30))
    picture.putpixel((0, 0), (1, 2, 3))
    opened = open_picture(saved(picture, "PNG", transparency=(1, 2, 3)))
    assert opened.getpixel((0, 0)) == (255, 255, 255)
    assert opened.getpixel((1, 1)) == (10, 20, 30)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_becomes_rgb(kind):
    opened = open_picture(saved(photo().convert("CMYK"), kind))
    assert opened.mode == "RGB"
    assert near(opened, photo(), 6)


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_fewer_colours_become_rgb(mode):
    opened = open_picture(saved(photo().convert(mode), "PNG"))
    assert opened.mode == "RGB"
    assert near(opened, photo().convert(mode).convert("RGB"), 0)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_become_eight(kind):
    grey = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    opened = np.asarray(open_picture(saved(Image.fromarray(grey), kind)))
    assert opened.shape == (64, 64, 3)
    assert near(opened[..., 0], grey / 257, 0.5)


def test_a_dark_picture_of_sixteen_bits_stays_dark():
    grey = np.full((8, 8), 1000, np.uint16)
    assert np.asarray(open_picture(saved(Image.fromarray(grey), "PNG"))).max() == 4


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-3.0, 900.0)])
def test_floating_point_grey_becomes_eight_bits(low, high):
    grey = np.linspace(low, high, 256).reshape(16, 16).astype(np.float32)
    opened = np.asarray(open_picture(saved(Image.fromarray(grey), "TIFF")))
    assert near(opened[..., 0].ravel(), np.arange(256), 1)


def test_a_floating_point_picture_of_nothing_is_black():
    grey = np.full((4, 4), np.nan, np.float32)
    assert (np.asarray(open_picture(saved(Image.fromarray(grey), "TIFF"))) == 0).all()


def test_the_first_frame_is_taken():
    frames = [photo(seed) for seed in range(3)]
    opened = open_picture(saved(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert near(opened, frames[0], 16)


def test_the_two_views_of_a_phone_are_one_picture():
    opened = open_picture(saved(photo(0), "MPO", save_all=True, append_images=[photo(1)]))
    assert near(opened, photo(0), 6)


# === Refusals ===


def test_a_huge_picture_is_refused_by_its_header(tmp_path):
    # A real PNG of one line, whose header then says 50,000 × 50,000: decoding it would need 7.5 GB.
    content = bytearray(saved(photo(), "PNG"))
    content[16:24] = (50_000).to_bytes(4, "big") * 2
    with pytest.raises(ValueError, match="more than 120,000,000 pixels"):
        open_picture(with_right_checksum(content))


def with_right_checksum(content: bytearray) -> bytes:
    import zlib

    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    return bytes(content)


def test_a_large_picture_below_the_limit_of_the_library_is_checked_too(monkeypatch):
    monkeypatch.setattr(pixels, "MAX_PIXELS", 100)
    with pytest.raises(ValueError, match="48 × 32"):
        open_picture(saved(photo(), "JPEG"))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF"])
def test_a_picture_that_is_cut_short_is_refused(kind):
    content = saved(photo(size=(200, 200)), kind)
    with pytest.raises(ValueError, match=r"cut short|damaged"):
        open_picture(content[: len(content) * 2 // 3])


@pytest.mark.parametrize("content", [b"", b"hello", b"\xff\xd8\xff", b"%PDF-1.4", b"<svg></svg>", b"8BPS" + bytes(90)])
def test_what_is_no_picture_is_refused_in_a_sentence(content):
    with pytest.raises(ValueError, match=r"This is not a picture .*\.$"):
        open_picture(content)


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(ValueError, match="not there"):
        open_picture(tmp_path / "gone.png")


def test_postscript_is_never_handed_to_an_interpreter():
    content = saved(photo(), "EPS")
    with pytest.raises(ValueError, match="not a picture that can be read"):
        open_picture(content)


# === Resizing ===


@pytest.mark.parametrize("policy", ["crop", "letterbox", "stretch"])
@pytest.mark.parametrize("size", [(48, 32), (32, 48), (1, 1), (500, 3), (33, 33)])
def test_every_policy_gives_a_square(policy, size):
    square = to_pixels(photo(size=size) if min(size) > 3 else Image.new("RGB", size, (9, 9, 9)), 24, policy)
    assert square.shape == (24, 24, 3)
    assert square.dtype == np.uint8


def stripes() -> Image.Image:
    """Three squares side by side: red, green, blue."""
    picture = Image.new("RGB", (90, 30), (0, 255, 0))
    picture.paste((255, 0, 0), (0, 0, 30, 30))
    picture.paste((0, 0, 255), (60, 0, 90, 30))
    return picture


def test_crop_keeps_the_middle():
    assert near(to_pixels(stripes(), 30, "crop"), np.full((30, 30, 3), (0, 255, 0)), 1)


def test_letterbox_keeps_everything_on_grey():
    square = to_pixels(stripes(), 30, "letterbox")
    assert (square[0] == 127).all()
    assert (square[-1] == 127).all()
    assert square[15, 2].argmax() == 0
    assert square[15, -3].argmax() == 2


def test_stretch_keeps_everything_and_changes_the_shape():
    square = to_pixels(stripes(), 30, "stretch")
    assert [int(square[15, column].argmax()) for column in (3, 15, 27)] == [0, 1, 2]
    assert square[0, 3].argmax() == 0


def test_an_unknown_policy_is_refused():
    with pytest.raises(ValueError, match="crop, letterbox or stretch"):
        to_pixels(photo(), 8, "squash")  # type: ignore[arg-type]


@pytest.mark.parametrize("policy", ["crop", "letterbox", "stretch"])
def test_a_large_jpeg_decoded_in_small_is_nearly_the_same(policy):
    content = saved(photo(size=(1600, 1200)), "JPEG", quality=95)
    assert near(read_pixels(content, 64, policy), to_pixels(open_picture(content), 64, policy), 1.5)


def test_the_way_from_file_to_pixels_stands_alone():
    # Exported bundles carry it as one file.
    tree = ast.parse(pixels_py())
    roots = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            roots |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            roots.add((node.module or "").split(".")[0])
    assert roots - set(sys.stdlib_module_names) == {"numpy", "PIL", "pillow_heif"}
