"""The checks of pictures: poor ones, near-duplicates, frames of a video, and what gives a class away.

It knows pixels, headers and features. It does not know labels or datasets. It imports its own modality and the ground
floor; its steps are imported only for a check.
"""

from tlcore.modalities.checks import Checks, FindingKind

CHECKS = Checks(
    faults="**Poor pictures**: blurred, dark, blown out, nearly uniform, odd in size or shape",
    copies="resized, cropped, saved again, mirrored",
    traits="picture size, border, camera or file format",
    kinds=(
        FindingKind("uniform", "Nearly uniform pictures", "There is almost nothing to see.", "rectangle"),
        FindingKind("blurred", "Blurred pictures", "Too blurred to show detail.", "blur_on"),
        FindingKind("dark", "Dark pictures", "So dark that detail is lost.", "dark_mode"),
        FindingKind("blown_out", "Blown-out pictures", "So bright that detail is lost.", "light_mode"),
        FindingKind(
            "odd_size",
            "Odd sizes",
            "Much smaller, larger, taller or wider than the others: often something that does not belong here.",
            "aspect_ratio",
        ),
        FindingKind(
            "grey",
            "Grey among colour",
            "Greyscale among colour pictures. If the model will meet such pictures, it needs enough of them to learn "
            "from.",
            "filter_b_and_w",
            removable=False,
        ),
    ),
    steps="tlcore.modalities.image.checks.steps:PictureChecks",
)
