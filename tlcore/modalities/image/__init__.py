"""Pictures: which files are pictures, how they become pixels, how they are augmented, compared and measured.

It knows Pillow, width and height. It does not know labels, datasets or models.
"""

from pathlib import Path

from tlcore.modalities.image.checks import CHECKS
from tlcore.modalities.image.examine import count_pixels, examine, fault
from tlcore.modalities.image.exif import EXIF
from tlcore.modalities.image.formats.table import FORMATS
from tlcore.modalities.image.pixels import FORMATS_FOR_PEOPLE, MAX_PIXELS, SUFFIXES
from tlcore.modalities.image.preview import SUFFIX, convert, preview
from tlcore.modalities.image.settings import (
    AUGMENTATIONS,
    BEFORE,
    MORE,
    USUAL,
    ImageInput,
    advice,
    decode,
    described,
    identity,
    larger,
    made_for,
    spec,
    takes,
    told_by_shape,
    usual_size,
)
from tlcore.modalities.image.standalone import pixels_py
from tlcore.modalities.image.value_range import SETTLING
from tlcore.modalities.image.views import augmented, different_views, view, view_name
from tlcore.modalities.modality import Extent, Modality, Noun

IMAGE = Modality(
    key="image",
    noun=Noun("picture", "pictures"),
    suffixes=SUFFIXES,
    file_types=FORMATS_FOR_PEOPLE,
    facts=("width", "height"),
    fault=fault,
    examine=examine,
    preview=preview,
    preview_suffix=SUFFIX,
    settling=SETTLING,
    records={"exif": EXIF},
    other_suffixes={".heic": ".png"},
    convert=convert,
    decode=decode,
    decoder=pixels_py,
    augmentations=AUGMENTATIONS,
    usual_augmentations=USUAL,
    more_augmentations=MORE,
    different_views=different_views,
    view_name=view_name,
    view=view,
    augmented=augmented,
    extent=Extent("pixels", 50_000_000, MAX_PIXELS, count_pixels),
    media_type="image/",
    formats=FORMATS,
    commands={"range": "tlcore.modalities.image.range_command:value_range"},
    exports="tlcore.modalities.image.formats.exports:EXPORTS",
    script="tlcore.modalities.image.formats.script:SCRIPT",
    settings=ImageInput,
    spec=spec,
    identity=identity,
    described=described,
    made_for=made_for,
    told_by_shape=told_by_shape,
    takes=takes,
    usual_size=usual_size,
    larger=larger,
    advice=advice,
    backbones=Path(__file__).with_name("backbones.json"),
    build="tlcore.modalities.image.keras_build:build",
    adopt="tlcore.modalities.image.keras_own:adopt",
    backbone="efficientnet_lite0",
    mixing=("mixup", "cutmix"),
    before=BEFORE,
    checks=CHECKS,
    analysis="tlcore.modalities.image.explain.analysis",
)
