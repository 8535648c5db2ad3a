"""From a picture of any size to the model's pixels, as ONNX: what `pixels.to_pixels` does, to the last bit.

It knows the arithmetic of `Image.resize(BICUBIC, box, reducing_gap=3)` of Pillow 13, which for whole numbers first takes
means of rectangles, then filters along both axes, with weights of 22 bits and 8 bits in between; which axis comes first
is decided by how much each shrinks. It does not know files: turning upright, transparency and colour come before.
"""

from __future__ import annotations

import onnx
from onnx import inliner, parser

from tlcore.data.pixels import GREY, Policy

PICTURE = "picture"
PIXELS = "resized_pixels"

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

_MODEL = """
<ir_version: {ir_version}, opset_import: ["" : {opset}, "graft" : 1]>
full_size (uint8[height, width, 3] picture) => (float[1, {size}, {size}, 3] resized_pixels)
<int64[2] square = {{{size}, {size}}}, int64[1] zero = {{0}}, int64[1] two_axes = {{2}}, int64 halves = {{2}},
 float ground = {{{grey}.0}}>
{{
    shape = Shape (picture)
    whole = Slice (shape, zero, two_axes)
    size = Cast <to = 11> (whole)
    {part}
    resized = graft.resized (picture, begin, end, out)
    missing = Sub (square, out)
    before = Div (missing, halves)
    after = Sub (missing, before)
    pads = Concat <axis = 0> (before, zero, after, zero)
    padded = Pad (resized, pads, ground)
    resized_pixels = Unsqueeze (padded, zero)
}}
"""

_RESIZED = """
<domain: "graft", opset_import: ["" : {opset}, "graft" : 1]>
resized (picture, begin, end, out) => (pixels)
{{
    i_none = Constant <value = int64[1] {{0}}> ()
    i_one = Constant <value = int64[1] {{1}}> ()
    i_two = Constant <value = int64[1] {{2}}> ()
    i_three = Constant <value = int64[1] {{3}}> ()
    i_axes = Constant <value = int64[2] {{0, 1}}> ()
    i_within = Constant <value = int64[2] {{1, 3}}> ()
    byte = Constant <value = uint8 {{0}}> ()
    none = Constant <value = double {{0.0}}> ()
    one = Constant <value = double {{1.0}}> ()
    two = Constant <value = double {{2.0}}> ()
    gap = Constant <value = double {{3.0}}> ()
    reach = Constant <value = double {{1.5}}> ()
    fine = Constant <value = double {{16777216.0}}> ()

    shape = Shape (picture)
    whole = Slice (shape, i_none, i_two)
    size = Cast <to = 11> (whole)
    wanted = Cast <to = 11> (out)
    length = Sub (end, begin)
    ratio = Div (length, wanted)
    gaps = Div (ratio, gap)
    gaps_down = Floor (gaps)
    factor = Max (gaps_down, one)

    largest = ReduceMax <axes = [0], keepdims = 1> (factor)
    reduces = Greater (largest, one)
    margin = Mul (ratio, reach)
    before = Sub (begin, margin)
    before_down = Floor (before)
    first_wide = Max (before_down, none)
    first = Where (reduces, first_wide, none)
    behind = Add (end, margin)
    behind_up = Ceil (behind)
    last_wide = Min (behind_up, size)
    last = Where (reduces, last_wide, size)
    i_first = Cast <to = 7> (first)
    i_last = Cast <to = 7> (last)
    part = Slice (picture, i_first, i_last, i_axes)

    held = Sub (last, first)
    parts = Div (held, factor)
    count = Ceil (parts)
    full = Mul (count, factor)
    missing = Sub (full, held)
    i_missing = Cast <to = 7> (missing)
    pads = Concat <axis = 0> (i_none, i_none, i_none, i_missing, i_none)
    padded = Pad (part, pads, byte)
    i_count = Cast <to = 7> (count)
    i_factor = Cast <to = 7> (factor)
    rows = Slice (i_count, i_none, i_one)
    columns = Slice (i_count, i_one, i_two)
    each_row = Slice (i_factor, i_none, i_one)
    each_column = Slice (i_factor, i_one, i_two)
    blocked = Concat <axis = 0> (rows, each_row, columns, each_column, i_three)
    blocks = Reshape (padded, blocked)
    floats = Cast <to = 1> (blocks)
    sums = ReduceSum <keepdims = 0> (floats, i_within)
    exact_sums = Cast <to = 11> (sums)
    in_rows = graft.counted (held, factor, count, i_none, i_one)
    in_columns = graft.counted (held, factor, count, i_one, i_two)
    in_rows_up = Unsqueeze (in_rows, i_axes)
    in_rows_first = Transpose <perm = [2, 0, 1]> (in_rows_up)
    in_columns_up = Unsqueeze (in_columns, i_one)
    counts = Mul (in_rows_first, in_columns_up)
    halved = Div (counts, two)
    half = Floor (halved)
    share_long = Div (fine, counts)
    share = Floor (share_long)
    raised = Add (exact_sums, half)
    shared = Mul (raised, share)
    mean_long = Div (shared, fine)
    means = Floor (mean_long)
    planes = Transpose <perm = [2, 0, 1]> (means)

    begin_off = Sub (begin, first)
    begin_in = Div (begin_off, factor)
    end_off = Sub (end, first)
    end_in = Div (end_off, factor)
    by_row = graft.weights (count, begin_in, end_in, wanted, i_none, i_one)
    by_column_up = graft.weights (count, begin_in, end_in, wanted, i_one, i_two)
    by_column = Transpose (by_column_up)

    shrinks = Sub (count, wanted)
    down = Slice (shrinks, i_none, i_one)
    across_signed = Slice (shrinks, i_one, i_two)
    across = Max (across_signed, none)
    across_twice = Mul (across, two)
    rows_first = Greater (down, across_twice)
    chosen = Squeeze (rows_first)
    filtered = If (chosen) <
        then_branch = down_first () => (filtered_a)
        {{
            product_a = MatMul (by_row, planes)
            between_a = graft.bytes (product_a)
            again_a = MatMul (between_a, by_column)
            filtered_a = graft.bytes (again_a)
        }},
        else_branch = across_first () => (filtered_b)
        {{
            product_b = MatMul (planes, by_column)
            between_b = graft.bytes (product_b)
            again_b = MatMul (by_row, between_b)
            filtered_b = graft.bytes (again_b)
        }}>
    float_planes = Cast <to = 1> (filtered)
    pixels = Transpose <perm = [1, 2, 0]> (float_planes)
}}

<domain: "graft", opset_import: ["" : {opset}]>
counted (held, factor, count, axis, behind) => (found)
{{
    scalar = Constant <value = int64[1] {{0}}> ()
    none = Constant <value = double {{0.0}}> ()
    one = Constant <value = double {{1.0}}> ()
    held_one = Slice (held, axis, behind)
    factor_one = Slice (factor, axis, behind)
    count_one = Slice (count, axis, behind)
    count_scalar = Squeeze (count_one, scalar)
    places = Range (none, count_scalar, one)
    starts = Mul (places, factor_one)
    left = Sub (held_one, starts)
    found = Min (left, factor_one)
}}

<domain: "graft", opset_import: ["" : {opset}]>
weights (counts, begins, ends, wants, axis, behind) => (kernel)
{{
    scalar = Constant <value = int64[1] {{0}}> ()
    column = Constant <value = int64[1] {{1}}> ()
    none = Constant <value = double {{0.0}}> ()
    half = Constant <value = double {{0.5}}> ()
    one = Constant <value = double {{1.0}}> ()
    three_halves = Constant <value = double {{1.5}}> ()
    two = Constant <value = double {{2.0}}> ()
    five_halves = Constant <value = double {{2.5}}> ()
    four = Constant <value = double {{4.0}}> ()
    five = Constant <value = double {{5.0}}> ()
    eight = Constant <value = double {{8.0}}> ()
    minus_half = Constant <value = double {{-0.5}}> ()
    bits = Constant <value = double {{4194304.0}}> ()

    before = Slice (counts, axis, behind)
    after = Slice (wants, axis, behind)
    begin_long = Slice (begins, axis, behind)
    begin_short = Cast <to = 1> (begin_long)
    begin = Cast <to = 11> (begin_short)
    end_long = Slice (ends, axis, behind)
    end_short = Cast <to = 1> (end_long)
    end = Cast <to = 11> (end_short)
    length = Sub (end, begin)
    scale = Div (length, after)
    stretch = Max (scale, one)
    support = Mul (stretch, two)

    after_scalar = Squeeze (after, scalar)
    places = Range (none, after_scalar, one)
    middles = Add (places, half)
    scaled = Mul (middles, scale)
    centres_flat = Add (scaled, begin)
    centres = Unsqueeze (centres_flat, column)
    before_scalar = Squeeze (before, scalar)
    at = Range (none, before_scalar, one)

    low = Sub (centres, support)
    low_half = Add (low, half)
    first = Floor (low_half)
    high = Add (centres, support)
    high_half = Add (high, half)
    last = Floor (high_half)
    is_behind = GreaterOrEqual (at, first)
    is_before = Less (at, last)
    inside = And (is_behind, is_before)

    off = Sub (at, centres)
    off_half = Add (off, half)
    distance = Abs (off_half)
    x = Div (distance, stretch)
    near_a = Mul (x, three_halves)
    near_b = Sub (near_a, five_halves)
    near_c = Mul (near_b, x)
    near_d = Mul (near_c, x)
    near = Add (near_d, one)
    far_a = Sub (x, five)
    far_b = Mul (far_a, x)
    far_c = Add (far_b, eight)
    far_d = Mul (far_c, x)
    far_e = Sub (far_d, four)
    far = Mul (far_e, minus_half)
    is_near = Less (x, one)
    is_far = Less (x, two)
    outer = Where (is_far, far, none)
    curve = Where (is_near, near, outer)
    windowed = Where (inside, curve, none)
    total = ReduceSum <keepdims = 1> (windowed, column)
    shares = Div (windowed, total)
    long = Mul (shares, bits)
    sign = Sign (long)
    size = Abs (long)
    size_half = Add (size, half)
    rounded = Floor (size_half)
    kernel = Mul (rounded, sign)
}}

<domain: "graft", opset_import: ["" : {opset}]>
bytes (sums) => (values)
{{
    none = Constant <value = double {{0.0}}> ()
    most = Constant <value = double {{255.0}}> ()
    half = Constant <value = double {{2097152.0}}> ()
    bits = Constant <value = double {{4194304.0}}> ()
    raised = Add (sums, half)
    long = Div (raised, bits)
    whole = Floor (long)
    values = Clip (whole, none, most)
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
        Input `picture`, `(height, width, 3)`, uint8, RGB, upright; output `resized_pixels`, `(1, size, size, 3)`,
        float32, 0-255. It uses standard operators only.
    """
    part = _PART[policy]
    text = _MODEL.format(ir_version=ir_version, opset=opset, size=size, grey=GREY[0], part=part)
    model = parser.parse_model(text + _RESIZED.format(opset=opset))
    plain = inliner.inline_local_functions(model)
    del plain.opset_import[:]
    plain.opset_import.extend([onnx.helper.make_opsetid("", opset)])
    return plain
