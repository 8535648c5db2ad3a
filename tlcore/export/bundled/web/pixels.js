/* The one way in which a picture file becomes pixels, as pixels.py has it, for the browser.

It knows decoding, colour and resizing. It does not know labels or models. The browser decodes the file and turns it
upright; transparency is laid over white; what follows is resized to a square by one of three policies (crop, letterbox,
stretch) by Pillow's own arithmetic, to the last bit: the canvas only hands the pixels out, it never scales them.

    const pixels = await GraftPixels.read(blob, 224, "crop");   // Uint8Array, size × size × 3, RGB
*/
"use strict";

const GraftPixels = (() => {
  const GREY = 127;
  const MAX_PIXELS = 120000000;
  const STRIP = 1 << 22; // pixels of a canvas at a time; phones refuse large ones
  const GAP = 3; // how much larger than its result a picture may be before it is reduced by whole numbers first
  const BITS = 22; // of a weight, as Pillow has them

  async function read(blob, size, policy) {
    const [picture, start] = await Promise.all([decode(blob), blob.slice(0, 2).arrayBuffer()]);
    const [first, second] = new Uint8Array(start);
    const jpeg = first === 0xff && second === 0xd8;
    return toPixels(jpeg ? draft(picture, size, policy) : picture, size, policy);
  }

  /* A picture file, or a frame of a video, as {width, height, data}: upright, RGB, in its full size. */
  async function decode(source) {
    let bitmap;
    try {
      bitmap = await createImageBitmap(source, { colorSpaceConversion: "none", premultiplyAlpha: "default" });
    } catch {
      throw new Error("This browser cannot read the picture. Save it as JPEG or PNG.");
    }
    const { width, height } = bitmap;
    try {
      if (width * height > MAX_PIXELS) throw new Error("The picture has more than 120,000,000 pixels. Make it smaller.");
      return onWhite(bitmap, width, height);
    } finally {
      bitmap.close();
    }
  }

  function onWhite(bitmap, width, height) {
    const rows = Math.max(1, Math.min(height, Math.floor(STRIP / width)));
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = rows;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const data = new Uint8Array(width * height * 3);
    for (let top = 0, to = 0; top < height; top += rows) {
      const here = Math.min(rows, height - top);
      context.fillStyle = "#fff";
      context.fillRect(0, 0, width, rows);
      context.drawImage(bitmap, 0, top, width, here, 0, 0, width, here);
      const seen = context.getImageData(0, 0, width, here).data;
      for (let from = 0; from < seen.length; from += 4) {
        data[to++] = seen[from];
        data[to++] = seen[from + 1];
        data[to++] = seen[from + 2];
      }
    }
    return { width, height, data };
  }

  /* What a JPEG decoder gives that is asked for a half, a quarter or an eighth of the size: means of squares. */
  function draft(picture, size, policy) {
    const { width, height } = picture;
    let needed = [2 * size, 2 * size];
    if (policy === "letterbox") {
      const scale = (2 * size) / Math.max(width, height);
      needed = [Math.max(1, round(width * scale)), Math.max(1, round(height * scale))];
    }
    const times = Math.min(Math.floor(width / needed[0]), Math.floor(height / needed[1]));
    const factor = [8, 4, 2].find((known) => times >= known);
    return factor ? reduce(picture, factor, factor, [0, 0, width, height]) : picture;
  }

  /* Resize an RGB picture to size × size × 3. */
  function toPixels(picture, size, policy) {
    const { width, height } = picture;
    if (policy === "stretch") return resize(picture, size, size, [0, 0, width, height]).data;
    if (policy === "letterbox") {
      const scale = size / Math.max(width, height);
      const inner = [Math.max(1, round(width * scale)), Math.max(1, round(height * scale))];
      return pasted(resize(picture, ...inner, [0, 0, width, height]), size);
    }
    const side = Math.min(width, height);
    const left = (width - side) / 2;
    const top = (height - side) / 2;
    return resize(picture, size, size, [left, top, left + side, top + side]).data;
  }

  function pasted(picture, size) {
    const square = new Uint8Array(size * size * 3).fill(GREY);
    const left = Math.floor((size - picture.width) / 2);
    const top = Math.floor((size - picture.height) / 2);
    for (let y = 0; y < picture.height; y++) {
      const row = picture.data.subarray(y * picture.width * 3, (y + 1) * picture.width * 3);
      square.set(row, ((top + y) * size + left) * 3);
    }
    return square;
  }

  /* Image.resize(BICUBIC, box, reducing_gap=3): first means of whole squares, then the filter both ways. */
  function resize(picture, width, height, box) {
    const factors = [(box[2] - box[0]) / width, (box[3] - box[1]) / height];
    const [fx, fy] = factors.map((factor) => Math.floor(factor / GAP) || 1);
    if (fx > 1 || fy > 1) {
      const [mx, my] = factors.map((factor) => 1.5 * factor);
      const x0 = Math.max(0, Math.trunc(box[0] - mx));
      const y0 = Math.max(0, Math.trunc(box[1] - my));
      const x1 = Math.min(picture.width, Math.ceil(box[2] + mx));
      const y1 = Math.min(picture.height, Math.ceil(box[3] + my));
      picture = reduce(picture, fx, fy, [x0, y0, x1, y1]);
      box = [(box[0] - x0) / fx, (box[1] - y0) / fy, (box[2] - x0) / fx, (box[3] - y0) / fy];
    }
    box = box.map(Math.fround);
    // Which of the two comes first tells in the last digits: columns do where they shrink more than twice as far.
    const columnsFirst = picture.height - height > 2 * Math.max(0, picture.width - width);
    const along = (rows) => {
      const [before, from, to, after] = rows
        ? [picture.width, box[0], box[2], width]
        : [picture.height, box[1], box[3], height];
      const same = before === after && from === 0 && to === after;
      if (!same) picture = filtered(picture, weights(before, from, to, after), rows);
    };
    along(!columnsFirst);
    along(columnsFirst);
    return picture;
  }

  /* Means of fx × fy pixels within a box; what is left over at its right and lower edge has smaller ones. */
  function reduce(picture, fx, fy, [x0, y0, x1, y1]) {
    const width = Math.ceil((x1 - x0) / fx);
    const height = Math.ceil((y1 - y0) / fy);
    const data = new Uint8Array(width * height * 3);
    const sums = new Uint32Array(width * 3);
    const row = picture.width * 3;
    for (let y = 0, to = 0; y < height; y++) {
      const top = y0 + y * fy;
      const bottom = Math.min(top + fy, y1);
      sums.fill(0);
      for (let from = top; from < bottom; from++) {
        let at = from * row + x0 * 3;
        for (let x = 0, left = x0; x < width; x++, left += fx) {
          const end = Math.min(left + fx, x1);
          for (let column = left; column < end; column++) {
            sums[3 * x] += picture.data[at++];
            sums[3 * x + 1] += picture.data[at++];
            sums[3 * x + 2] += picture.data[at++];
          }
        }
      }
      for (let x = 0; x < width; x++) {
        const count = (bottom - top) * (Math.min(x0 + (x + 1) * fx, x1) - x0 - x * fx);
        const half = count >> 1;
        const share = Math.floor(2 ** 24 / count); // cut off: an exact half is rounded down unless count is a power of 2
        for (let channel = 0; channel < 3; channel++) {
          data[to++] = Math.floor(((sums[3 * x + channel] + half) * share) / 2 ** 24);
        }
      }
    }
    return { width, height, data };
  }

  /* For each pixel of the result: where its window begins, and the weights in it, which add up to 2 ** BITS. */
  function weights(before, from, to, after) {
    const scale = Math.fround(to - from) / after; // in single precision, as the box is
    const stretch = Math.max(scale, 1);
    const support = 2 * stretch;
    return Array.from({ length: after }, (_, place) => {
      const centre = from + (place + 0.5) * scale;
      const start = Math.max(0, Math.trunc(centre - support + 0.5));
      const end = Math.min(before, Math.trunc(centre + support + 0.5));
      const found = [];
      for (let at = start; at < end; at++) found.push(bicubic((at - centre + 0.5) / stretch));
      const total = found.reduce((sum, value) => sum + value, 0);
      return { start, kernel: Float64Array.from(found, (value) => nearest((value / total) * 2 ** BITS)) };
    });
  }

  function filtered(picture, windows, alongRows) {
    const width = alongRows ? windows.length : picture.width;
    const height = alongRows ? picture.height : windows.length;
    const [step, line] = alongRows ? [3, picture.width * 3] : [picture.width * 3, 3];
    const [stepTo, lineTo] = alongRows ? [3, width * 3] : [width * 3, 3];
    const lines = alongRows ? height : width;
    const data = new Uint8ClampedArray(width * height * 3);
    const from = picture.data;
    const half = 2 ** (BITS - 1);
    const share = 2 ** -BITS;
    for (let place = 0; place < windows.length; place++) {
      const { start, kernel } = windows[place];
      for (let number = 0; number < lines; number++) {
        let red = half;
        let green = half;
        let blue = half;
        for (let tap = 0, at = number * line + start * step; tap < kernel.length; tap++, at += step) {
          const weight = kernel[tap];
          red += weight * from[at];
          green += weight * from[at + 1];
          blue += weight * from[at + 2];
        }
        const to = number * lineTo + place * stepTo;
        data[to] = Math.floor(red * share);
        data[to + 1] = Math.floor(green * share);
        data[to + 2] = Math.floor(blue * share);
      }
    }
    return { width, height, data: new Uint8Array(data.buffer) };
  }

  function bicubic(x) {
    const a = -0.5;
    x = Math.abs(x);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
  }

  const nearest = (value) => Math.trunc(value + (value < 0 ? -0.5 : 0.5));

  /* Half to even, as Python rounds. */
  function round(value) {
    const down = Math.floor(value);
    const rest = value - down;
    return rest > 0.5 || (rest === 0.5 && down % 2) ? down + 1 : down;
  }

  return { read, decode, draft, toPixels };
})();
