"""From a picture of any size to the model's pixels, as ONNX: what `pixels.to_pixels` does, to the last bit.

It knows the arithmetic of `Image.resize(BICUBIC, box, reducing_gap=3)` of Pillow 13: means of whole rectangles where a
picture is much too large, then a filter along both axes, with weights of 22 bits and 8 bits in between; which axis is
first depends on how much each shrinks. A JPEG's pixels are first reduced by 2, 4 or 8 where its decoder does that for
the app. It does not know files: turning upright, transparency and colour come before. The text beside it has the
functions, in ONNX's own notation.
"""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import inliner, parser

from tlcore.modalities.image.pixels import GREY, Policy

FUNCTIONS = Path(__file__).with_name("fullsize_graph.txt")
ITEM = "picture"

# Pairs are (rows, columns). `begin` and `end` are the part of the picture that is taken, `out` the size it gets.
_PART = {
    "crop": """
        shorter = ReduceMin <axes = [0], keepdims = 1> (size)
        room = Sub (size, shorter)
        two = Constant <value = double {2.0}> ()
        begin = Div (room, two)
        end = Add (begin, shorter)
        out = Identity (square)""",
    "stretch": """
        begin = Sub (size, size)
        end = Identity (size)
        out = Identity (square)""",
    "letterbox": """
        begin = Sub (size, size)
        end = Identity (size)
        longer = ReduceMax <axes = [0], keepdims = 1> (size)
        side = Cast <to = 11> (square)
        scale = Div (side, longer)
        scaled = Mul (size, scale)
        rounded = Round (scaled)
        one = Constant <value = double {1.0}> ()
        wanted = Max (rounded, one)
        out = Cast <to = 7> (wanted)""",
}
# What a JPEG decoder that reduces is asked to keep: twice the result.
_NEEDED = {
    "square": """
        side_of_square = Cast <to = 11> (square)
        needed = Add (side_of_square, side_of_square)""",
    "letterbox": """
        of_longer = ReduceMax <axes = [0], keepdims = 1> (given)
        double_side = Cast <to = 11> (square)
        doubled_side = Add (double_side, double_side)
        given_scale = Div (doubled_side, of_longer)
        given_scaled = Mul (given, given_scale)
        given_rounded = Round (given_scaled)
        given_one = Constant <value = double {1.0}> ()
        needed = Max (given_rounded, given_one)""",
}

_MODEL = """
<ir_version: {ir_version}, opset_import: ["" : {opset}, "graft" : 1]>
full_size (uint8[height, width, 3] picture, bool jpeg) => (float[1, {size}, {size}, 3] resized_pixels)
<int64[2] square = {{{size}, {size}}}, int64[1] zero = {{0}}, int64[1] two_axes = {{2}}, int64 halves = {{2}},
 float ground = {{{grey}.0}}>
{{
    given_shape = Shape (picture)
    given_sides = Slice (given_shape, zero, two_axes)
    given = Cast <to = 11> (given_sides)
    {needed}
    drafted = graft.drafted (picture, jpeg, needed)
    shape = Shape (drafted)
    whole = Slice (shape, zero, two_axes)
    size = Cast <to = 11> (whole)
    {part}
    resized = graft.resized (drafted, begin, end, out)
    missing = Sub (square, out)
    before = Div (missing, halves)
    after = Sub (missing, before)
    pads = Concat <axis = 0> (before, zero, after, zero)
    padded = Pad (resized, pads, ground)
    resized_pixels = Unsqueeze (padded, zero)
}}
"""


def fullsize_graph(size: int, policy: Policy, *, opset: int, ir_version: int) -> onnx.ModelProto:
    """Build the graph of a run's resizing.

    Args:
        size: Side of the square, pixels.
        policy: How a picture that is not square becomes one.
        opset: Of the graph that it is to be joined to; at least 13.
        ir_version: Of the same.

    Returns:
        Inputs `picture`, `(height, width, 3)`, uint8, RGB, upright, and `jpeg`, bool: whether it comes from one; output
        `resized_pixels`, `(1, size, size, 3)`, float32, 0-255. It uses standard operators only.
    """
    part, needed = _PART[policy], _NEEDED.get(policy, _NEEDED["square"])
    text = _MODEL.format(ir_version=ir_version, opset=opset, size=size, grey=GREY[0], part=part, needed=needed)
    functions = FUNCTIONS.read_text(encoding="utf-8").replace("OPSET", str(opset))
    model = parser.parse_model(text + functions)
    plain = inliner.inline_local_functions(model)
    del plain.opset_import[:]
    plain.opset_import.extend([onnx.helper.make_opsetid("", opset)])
    return plain
