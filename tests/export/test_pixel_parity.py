"""An export that reads picture files itself is held against the app on a battery of awkward ones."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from tlcore.export.parity import reading_fault
from tlcore.export.run import export_run
from tlcore.modalities import MODALITIES
from tlcore.modalities.image import IMAGE
from tlcore.modalities.image.battery import COLOURS, DEPTHS, battery
from tlcore.modalities.image.formats import pixel_parity
from tlcore.modalities.image.formats.pixel_parity import OTHER_DECODERS, Sight, Tolerance, judge
from tlcore.modalities.image.pixels import FORMATS, open_header, read_pixels
from tlcore.modalities.image.settings import ImageInput
from tlcore.runs.manifest import read_manifest

SIDE = 24
SETTINGS = ImageInput(size=SIDE, resize="crop")


@pytest.fixture(scope="module")
def files():
    return battery(SIDE)


@pytest.fixture(scope="module")
def seen(files):
    found = []
    for file in files:
        try:
            found.append(read_pixels(file.content, SIDE, "crop"))
        except ValueError as error:
            found.append(str(error))
    return found


def test_the_same_seed_draws_the_same_files(files):
    assert files == battery(SIDE)
    assert files != battery(SIDE, seed=1)
    assert len({file.name for file in files}) == len(files)


def test_the_battery_has_every_format_depth_orientation_and_kind_of_colour(files):
    names = [file.name for file in files]
    for colour, depths in DEPTHS.items():
        for depth in depths:
            assert {f"{COLOURS[colour]}, {depth} bits.png", f"{COLOURS[colour]}, {depth} bits, interlaced.png"} <= {
                *names
            }
    for suffix in ("png", "jpg", "webp", "tif"):
        assert {f"turned {turn}.{suffix}" for turn in range(1, 9)} <= {*names}
    readable = [file for file in files if file.kind not in {"RAW", "no picture", "cut short"}]
    assert {open_header(file.content).format for file in readable} == {*FORMATS}


def test_what_the_app_refuses_is_in_it(files, seen):
    refused = {file.kind for file, each in zip(files, seen, strict=True) if isinstance(each, str)}
    assert refused == {"RAW", "no picture", "cut short"}


def test_the_apps_own_pixels_agree(seen, files):
    found = judge(Sight(seen), SETTINGS)
    assert (found.files, found.same, found.differing, found.unread) == (len(files), len(files), (), ())
    assert reading_fault(found, "file") == ""


def test_a_pixel_that_is_further_off_than_the_tolerance_is_named(seen, files):
    changed = [*seen]
    changed[0] = changed[0] ^ np.uint8(4)
    found = judge(Sight(changed, Tolerance(3.0, 8.0)), SETTINGS)
    assert found.same == len(files) - 1
    assert found.differing[0].startswith(files[0].name)
    assert "1 differ" in reading_fault(found, "model.zip")
    assert files[0].name in reading_fault(found, "model.zip")
    assert judge(Sight(changed, Tolerance(4.0, 8.0)), SETTINGS).differing == ()
    assert judge(Sight(changed, Tolerance(4.0, 3.0)), SETTINGS).differing != ()


def test_what_only_one_of_the_two_reads_differs_unless_the_format_is_known_not_to(seen, files):
    kinds = [file.kind for file in files]
    changed = [*seen]
    changed[kinds.index("RAW")] = seen[0]
    changed[kinds.index("BMP")] = "It is not read."
    changed[kinds.index("TIFF")] = "It is not read."
    found = judge(Sight(changed, OTHER_DECODERS), SETTINGS)
    assert found.unread == ("TIFF (1)",)
    assert len(found.differing) == 2
    assert found.same == len(files) - 3
    assert "does not read TIFF (1)" in found.told


@pytest.mark.slow
def test_a_bundle_whose_pixels_differ_is_marked_and_named(run, monkeypatch):
    # As if somebody had forgotten the orientation in what goes along.
    forgotten = IMAGE.decoder().replace("image.transpose(turn)", "image")
    monkeypatch.setitem(MODALITIES, "image", replace(IMAGE, decoder=lambda: forgotten))
    (manifest,) = export_run(run, lambda step: None, ["bundle"])
    assert not manifest.agrees
    assert manifest.kept
    assert "turned 6" in " ".join(manifest.awkward.differing)
    assert "awkward files" in manifest.reason


@pytest.mark.slow
def test_the_command_line_and_the_manifest_say_how_many_files_agree(run, monkeypatch):
    from tlcore.__main__ import app

    monkeypatch.setenv("GRAFT_HOME", str(run.path.parent.parent))
    done = CliRunner().invoke(app, ["export", str(run.path), "--format", "bundle", "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(re.search(r"\{.*\}", done.stdout, re.DOTALL)[0])["exports"][0]["awkward"]
    written = read_manifest(run.path, "bundle").awkward
    assert said["same"] == said["files"] == written.files == len(battery(32))
    assert (
        written.told
        == f"Of {written.files} awkward files, {written.same} are read as the app reads them, or refused by both."
    )


def test_what_a_process_leaves_out_is_a_fault(tmp_path):
    asked = pixel_parity.laid_out(SIDE, tmp_path)
    (tmp_path / "battery.bin").write_bytes(bytes(10))
    with pytest.raises(Exception, match="did not say what it sees"):
        pixel_parity.answered(asked, [])
