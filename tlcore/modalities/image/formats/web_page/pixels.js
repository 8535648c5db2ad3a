/* The one way in which a picture file becomes pixels, as pixels.py has it, for the browser.

It knows files, decoding, colour and resizing. It does not know labels or models. PNG and BMP are decoded here; the
browser decodes the other formats, of which profiles, EXIF and the like were left out before: it cannot mind them. EXIF's
orientation is applied here, transparency is laid over white, and what follows is resized to a square by one of three
policies (crop, letterbox, stretch) by Pillow's own arithmetic, to the last bit: the canvas only hands pixels out.

    const pixels = await GraftPixels.read(blob, 224, "crop");   // Uint8Array, size × size × 3, RGB

A grey PNG of 16 bits is brought to 8 by a range of values, what becomes black and what white, where one is given:

    const pixels = await GraftPixels.read(blob, 224, "crop", [0, 4095]);
*/
"use strict";

const GraftPixels = (() => {
  const GREY = 127;
  const MAX_PIXELS = 120000000;
  const STRIP = 1 << 22; // pixels of a canvas at a time; phones refuse large ones
  const GAP = 3; // how much larger than its result a picture may be before it is reduced by whole numbers first
  const BITS = 22; // of a weight, as Pillow has them
  const HEIC = ["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"];

  const UNREADABLE = "This is not a picture that can be read (JPEG, PNG, WebP, BMP, GIF, TIFF, HEIC), or it is damaged.";
  const NOT_HERE = "This browser cannot read the picture. Save it as JPEG or PNG.";
  const CUT_SHORT = "The file ends before the picture does: it was cut short when it was copied or saved.";
  const TOO_LARGE = "The picture has more than 120,000,000 pixels. Make it smaller.";

  async function read(blob, size, policy, range = null) {
    const file = reader(new Uint8Array(await blob.arrayBuffer()));
    const { picture, turn } = await opened(file, range);
    return toPixels(upright(file.is(0, "\xff\xd8") ? draft(picture, size, policy) : picture, turn), size, policy);
  }

  /* A frame of a video or a canvas, as {width, height, data}: RGB, in its full size. */
  async function decode(source) {
    return ofBrowser(source, NOT_HERE);
  }

  // === Files: what stands around the pixels, as containers.py has it ===

  /* A picture file, decoded as it is stored, and how it has to be turned: 1 to 8. */
  async function opened(file, range) {
    const kind = rawKind(file);
    if (kind) throw new Error(`This is a RAW file of a camera (${kind}). Export it as JPEG or TIFF with a photo program.`);
    if (file.is(0, "\x89PNG\r\n\x1a\n")) return png(file, range);
    if (file.is(0, "\xff\xd8\xff")) return jpeg(file);
    if (file.is(0, "RIFF") && file.is(8, "WEBP")) return webp(file);
    if (file.is(0, "GIF8")) return gif(file);
    if (file.is(0, "BM")) return { picture: await bmp(file), turn: 1 };
    const heic = file.is(4, "ftyp") && HEIC.some((brand) => file.text(8, 64).includes(brand)) && !file.is(8, "avif");
    if (heic) return { picture: await ofBrowser(new Blob([file.bytes]), NOT_HERE), turn: 1 };
    throw new Error(isTiff(file) ? NOT_HERE : UNREADABLE);
  }

  /* Bytes with what is read of them; beyond their end are zeros. */
  function reader(bytes) {
    const number = (at, length, little = false) => {
      let found = 0;
      for (let place = 0; place < length; place++) {
        const one = bytes[at + (little ? length - 1 - place : place)] ?? 0;
        found = found * 256 + one;
      }
      return found;
    };
    const text = (at, length) => String.fromCharCode(...bytes.subarray(at, at + length));
    return { bytes, length: bytes.length, number, text, is: (at, expected) => text(at, expected.length) === expected };
  }

  const isTiff = (file) => file.is(0, "II*\0") || file.is(0, "MM\0*");

  function rawKind(file) {
    if (file.is(4, "ftypcrx ")) return "CR3";
    const beginnings = { "FUJIFILMCCD-RAW": "RAF", IIRO: "ORF", IIRS: "ORF", MMOR: "ORF", "IIU\0": "RW2", FOVb: "X3F" };
    Object.assign(beginnings, { "\0MRM": "MRW", IIII: "IIQ", MMMM: "IIQ" });
    const magic = Object.keys(beginnings).find((begins) => file.is(0, begins));
    if (magic) return beginnings[magic];
    if (!isTiff(file)) return "";
    if (file.is(8, "CR")) return "CR2";
    const first = directory(file, 0);
    if (first.has(50706)) return "DNG";
    const one = (tags, tag) => (tags.get(tag) ?? [0])[0];
    const area = (tags) => one(tags, 256) * one(tags, 257);
    const areas = (first.get(330) ?? []).map((place) => area(directory(file, 0, place)));
    const isSensor = [32803, 34892].includes(one(first, 262));
    const isThumbnail = areas.length > 0 && (one(first, 254) & 1 || Math.max(...areas) > area(first));
    const isCut = first.has(271) && areas.includes(0);
    return isSensor || isThumbnail || isCut ? "NEF, ARW or similar" : "";
  }

  /* The whole numbers of a directory of TIFF or EXIF data that begin at a place, by tag; other values are [0]. */
  function directory(file, start, place = null) {
    const little = file.is(start, "II");
    const number = (at, length) => file.number(start + at, length, little);
    const table = place ?? number(4, 4);
    const found = new Map();
    for (let entry = 0; entry < number(table, 2); entry++) {
      const at = table + 2 + 12 * entry;
      if (start + at >= file.length) break;
      const length = { 3: 2, 4: 4, 13: 4 }[number(at + 2, 2)] ?? 0;
      const count = Math.min(number(at + 4, 4), 16);
      const from = length * count <= 4 ? at + 8 : number(at + 8, 4);
      const values = Array.from({ length: length ? count : 0 }, (_, each) => number(from + length * each, length));
      const tag = number(at, 2);
      if (!found.has(tag)) found.set(tag, values.length ? values : [0]);
    }
    return found;
  }

  function turnOf(bytes) {
    const skipped = reader(bytes).is(0, "Exif\0\0") ? bytes.subarray(6) : bytes;
    const [turn] = directory(reader(skipped), 0).get(274) ?? [1];
    return turn >= 1 && turn <= 8 ? turn : 1;
  }

  async function jpeg(file) {
    const kept = [file.bytes.subarray(0, 2)];
    let exif = null;
    let at = 2;
    while (file.number(at, 1) === 0xff && file.number(at + 1, 1) !== 0xda && at < file.length) {
      const marker = file.number(at + 1, 1);
      const alone = marker <= 1 || (marker >= 0xd0 && marker <= 0xd9);
      const end = at + (marker === 0xff ? 1 : alone ? 2 : 2 + file.number(at + 2, 2));
      if (marker === 0xe1 && file.is(at + 4, "Exif\0\0") && end > at + 10) exif ??= file.bytes.subarray(at + 10, end);
      const said = (marker >= 0xe1 && marker <= 0xed) || marker === 0xef || marker === 0xfe;
      if (!said) kept.push(file.bytes.subarray(at, end)); // JFIF and Adobe say what the colours are
      at = end;
    }
    const rest = file.bytes.subarray(at);
    const ends = rest.some((value, place) => value === 0xff && rest[place + 1] === 0xd9);
    if (!ends) throw new Error(CUT_SHORT);
    const picture = await ofBrowser(new Blob([...kept, rest], { type: "image/jpeg" }));
    return { picture, turn: exif ? turnOf(exif) : 1 };
  }

  async function webp(file) {
    if (file.number(4, 4, true) + 8 > file.length) throw new Error(UNREADABLE);
    const kept = [];
    let exif = null;
    for (let at = 12, end; at < file.length; at = end) {
      const length = file.number(at + 4, 4, true);
      end = at + 8 + length + (length % 2);
      const part = file.bytes.slice(at, end);
      const name = file.text(at, 4);
      if (name === "EXIF" && length) exif ??= part.subarray(8, 8 + length);
      if (name === "VP8X") part[8] &= ~0x2c; // no profile, EXIF or XMP
      if (!["EXIF", "XMP ", "ICCP"].includes(name)) kept.push(part);
    }
    const head = file.bytes.slice(0, 12);
    const length = kept.reduce((sum, part) => sum + part.length, 4);
    new DataView(head.buffer).setUint32(4, length, true);
    const picture = await ofBrowser(new Blob([head, ...kept], { type: "image/webp" }));
    return { picture, turn: exif ? turnOf(exif) : 1 };
  }

  async function gif(file) {
    const table = (flags) => (flags & 0x80 ? 3 * (2 << (flags & 7)) : 0);
    const behindBlocks = (at) => {
      while (file.number(at, 1)) at += file.number(at, 1) + 1;
      return at + 1;
    };
    let at = 13 + table(file.number(10, 1));
    while (file.is(at, "!")) at = behindBlocks(at + 2);
    const end = behindBlocks(at + 11 + table(file.number(at + 9, 1))); // of the first frame
    if (end > file.length) throw new Error(CUT_SHORT);
    return { picture: await ofBrowser(new Blob([file.bytes], { type: "image/gif" })), turn: 1 };
  }

  /* BMP without compression is decoded here: browsers mind opacities that the app does not. */
  async function bmp(file) {
    const info = file.number(14, 4, true);
    const old = info === 12;
    const topDown = !old && file.number(25, 1) === 0xff;
    const [width, tall] = old ? [18, 20].map((at) => file.number(at, 2, true)) : [18, 22].map((at) => file.number(at, 4, true));
    const height = topDown ? 2 ** 32 - tall : tall;
    const bits = file.number(old ? 24 : 28, 2, true);
    const form = old ? 0 : file.number(30, 4, true);
    const masks = [54, 58, 62, 66].map((at) => file.number(at, 4, true));
    if (!width || !height) throw new Error(UNREADABLE);
    if (width * height > MAX_PIXELS) throw new Error(TOO_LARGE);
    const places = masks.map((mask) => [0xff, 0xff00, 0xff0000, 0xff000000].indexOf(mask));
    const whole = bits === 32 && places.slice(0, 3).every((place) => place >= 0);
    const narrow = bits === 16 && [0x7e0, 0x3e0].includes(masks[1]);
    const known = form === 0 ? [1, 4, 8, 16, 24, 32].includes(bits) : form === 3 && (whole || narrow || bits === 24);
    if (!known) return ofBrowser(new Blob([file.bytes], { type: "image/bmp" }));
    const start = file.number(10, 4, true);
    const stride = ((width * bits + 31) >> 5) * 4;
    if (start + stride * height > file.length) throw new Error(CUT_SHORT);
    const [red, green, blue] = form === 3 ? places : [2, 1, 0];
    const alpha = form === 3 && info >= 56 && masks[3] ? places[3] : -1;
    const six = form === 3 && masks[1] === 0x7e0;
    const step = old ? 3 : 4;
    const data = new Uint8Array(width * height * 3);
    for (let y = 0, to = 0; y < height; y++) {
      const row = start + stride * (topDown ? y : height - 1 - y);
      for (let x = 0; x < width; x++) {
        if (bits <= 8) {
          const value = (file.bytes[row + ((x * bits) >> 3)] >> (8 - bits - ((x * bits) & 7))) & (2 ** bits - 1);
          const colour = 14 + info + step * value;
          const there = old || !file.number(46, 4, true) || value < file.number(46, 4, true);
          for (let part = 2; part >= 0; part--) data[to++] = there ? file.bytes[colour + part] : 0;
        } else if (bits === 16) {
          const value = file.bytes[row + 2 * x] | (file.bytes[row + 2 * x + 1] << 8);
          data[to++] = (((value >> (six ? 11 : 10)) & 31) * 255) / 31;
          data[to++] = (((value >> 5) & (six ? 63 : 31)) * 255) / (six ? 63 : 31);
          data[to++] = ((value & 31) * 255) / 31;
        } else {
          const at = row + (x * bits) / 8;
          const seen = alpha < 0 ? 255 : file.bytes[at + alpha];
          data[to++] = over(file.bytes[at + (bits === 32 ? red : 2)], seen);
          data[to++] = over(file.bytes[at + (bits === 32 ? green : 1)], seen);
          data[to++] = over(file.bytes[at + (bits === 32 ? blue : 0)], seen);
        }
      }
    }
    return { width, height, data };
  }

  // === PNG ===

  async function png(file, range) {
    const [width, height] = [file.number(16, 4), file.number(20, 4)];
    const [depth, colour, interlaced] = [24, 25, 28].map((at) => file.number(at, 1));
    const channels = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }[colour];
    if (!width || !height || !channels || ![1, 2, 4, 8, 16].includes(depth)) throw new Error(UNREADABLE);
    if (width * height > MAX_PIXELS) throw new Error(TOO_LARGE);
    const packed = [];
    const found = {};
    for (let at = 8, end; at < file.length; at = end) {
      const length = file.number(at, 4);
      const name = file.text(at + 4, 4);
      const body = file.bytes.subarray(at + 8, at + 8 + length);
      end = at + 12 + length;
      if (name === "IDAT") packed.push(body);
      if (name === "PLTE" || (name === "tRNS" && !packed.length) || (name === "eXIf" && length)) found[name] ??= body;
      if (name === "IEND") break;
    }
    const passes = interlaced ? ADAM7 : [[0, 0, 1, 1]];
    const bits = depth * channels;
    const sizes = passes.map(([x, y, dx, dy]) => [Math.ceil((width - x) / dx), Math.ceil((height - y) / dy)]);
    const stride = (across) => 1 + Math.ceil((across * bits) / 8);
    const length = sizes.reduce((sum, [across, down]) => sum + (across > 0 && down > 0 ? down * stride(across) : 0), 0);
    const rows = await inflated(packed, length);
    const samples = new (depth === 16 ? Uint16Array : Uint8Array)(width * height * channels);
    let from = 0;
    passes.forEach(([x, y, dx, dy], number) => {
      const [across, down] = sizes[number];
      if (across <= 0 || down <= 0) return;
      const part = rows.subarray(from, (from += down * stride(across)));
      unfilter(part, stride(across), Math.max(1, bits >> 3));
      spread(part, stride(across), { samples, width, channels, depth, x, y, dx, dy, across, down });
    });
    const picture = { width, height, data: coloured(samples, colour, depth, found.PLTE, found.tRNS, range) };
    return { picture, turn: found.eXIf ? turnOf(found.eXIf) : 1 };
  }

  const ADAM7 = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];

  /* So many bytes, and no more, of what was packed. */
  async function inflated(parts, length) {
    const whole = new Uint8Array(length);
    const stream = new Blob(parts).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
    let at = 0;
    try {
      while (at < length) {
        const { done, value } = await stream.read();
        if (done) break;
        whole.set(value.subarray(0, length - at), at);
        at += value.length;
      }
    } catch {
      // damaged or cut short: told by what is missing
    }
    stream.cancel().catch(() => {});
    if (at < length) throw new Error(CUT_SHORT);
    return whole;
  }

  /* Undo the filter of each row, which its first byte names; `step` is that of a pixel, in bytes. */
  function unfilter(rows, stride, step) {
    for (let start = 0; start < rows.length; start += stride) {
      const kind = rows[start];
      const first = start + 1;
      const end = start + stride;
      if (kind > 4) throw new Error(UNREADABLE);
      if (kind === 1) for (let at = first + step; at < end; at++) rows[at] += rows[at - step];
      if (kind === 2 && start) for (let at = first; at < end; at++) rows[at] += rows[at - stride];
      for (let at = first; kind > 2 && at < end; at++) {
        const left = at - step > start ? rows[at - step] : 0;
        const above = start ? rows[at - stride] : 0;
        const corner = start && at - step > start ? rows[at - step - stride] : 0;
        rows[at] += kind === 3 ? (left + above) >> 1 : nearestOf(left, above, corner);
      }
    }
  }

  function nearestOf(left, above, corner) {
    const a = Math.abs(above - corner);
    const b = Math.abs(left - corner);
    const c = Math.abs(left + above - 2 * corner);
    return a <= b && a <= c ? left : b <= c ? above : corner;
  }

  /* Write the numbers of one pass to their places. */
  function spread(rows, stride, { samples, width, channels, depth, x, y, dx, dy, across, down }) {
    const mask = 2 ** depth - 1;
    for (let row = 0; row < down; row++) {
      const start = row * stride + 1;
      if (depth === 8 && dx === 1 && x === 0) {
        samples.set(rows.subarray(start, start + stride - 1), (y + row * dy) * width * channels);
        continue;
      }
      for (let column = 0; column < across; column++) {
        let to = ((y + row * dy) * width + x + column * dx) * channels;
        for (let channel = 0; channel < channels; channel++) {
          const place = column * channels + channel;
          if (depth === 8) samples[to++] = rows[start + place];
          else if (depth === 16) samples[to++] = (rows[start + 2 * place] << 8) | rows[start + 2 * place + 1];
          else samples[to++] = (rows[start + ((place * depth) >> 3)] >> (8 - depth - ((place * depth) & 7))) & mask;
        }
      }
    }
  }

  /* Numbers of any kind of PNG as RGB, transparency over white. */
  function coloured(samples, colour, depth, palette, clear, range) {
    const channels = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }[colour];
    const data = new Uint8Array((samples.length / channels) * 3);
    const number = (at) => (clear?.length > at + 1 ? clear[at] * 256 + clear[at + 1] : -1);
    if (colour === 3) {
      if (!palette) throw new Error(UNREADABLE);
      for (let at = 0, to = 0; at < samples.length; at++) {
        const alpha = clear?.[samples[at]] ?? 255;
        for (let channel = 0; channel < 3; channel++) data[to++] = over(palette[3 * samples[at] + channel] ?? 0, alpha);
      }
      return data;
    }
    if (colour === 2 && depth === 8 && !clear) return samples;
    if (colour === 0) {
      const grey = depth === 16 ? toEightBits(samples, range) : samples;
      const times = depth < 8 ? 255 / (2 ** depth - 1) : 1;
      const gone = number(0);
      for (let at = 0, to = 0; at < samples.length; at++) {
        const value = samples[at] === gone ? 255 : grey[at] * times;
        data[to++] = value;
        data[to++] = value;
        data[to++] = value;
      }
      return data;
    }
    const down = depth === 16 ? 8 : 0; // of colours the upper 8 bits count
    const [red, green, blue] = [0, 2, 4].map((at) => number(at) >> down);
    for (let at = 0, to = 0; at < samples.length; at += channels) {
      const r = samples[at] >> down;
      const g = colour === 4 ? r : samples[at + 1] >> down;
      const b = colour === 4 ? r : samples[at + 2] >> down;
      let alpha = colour === 2 ? 255 : samples[at + channels - 1] >> down;
      if (colour === 2 && r === red && g === green && b === blue) alpha = 0;
      data[to++] = over(r, alpha);
      data[to++] = over(g, alpha);
      data[to++] = over(b, alpha);
    }
    return data;
  }

  const over = (value, alpha) => (alpha === 255 ? value : Math.floor((value * alpha + 255 * (255 - alpha) + 127) / 255));

  /* Grey of 16 bits in 8: by a range of values, else rounded. */
  function toEightBits(samples, range) {
    if (!range) return Uint8Array.from(samples, (value) => Math.round(value / 257));
    const [low, high] = range;
    const grey = Uint8Array.from({ length: 65536 }, (_, value) =>
      round(((Math.min(Math.max(value, low), high) - low) / (high - low)) * 255),
    );
    return Uint8Array.from(samples, (value) => grey[value]);
  }

  // === What the browser decodes ===

  async function ofBrowser(source, refusal = UNREADABLE) {
    let bitmap;
    try {
      bitmap = await createImageBitmap(source, { colorSpaceConversion: "none", premultiplyAlpha: "default" });
    } catch {
      throw new Error(refusal);
    }
    const { width, height } = bitmap;
    try {
      if (width * height > MAX_PIXELS) throw new Error(TOO_LARGE);
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

  /* Turn a picture as EXIF's number says. */
  function upright(picture, turn) {
    if (turn === 1) return picture;
    const [across, down] = [picture.width, picture.height];
    const [width, height] = turn > 4 ? [down, across] : [across, down];
    const data = new Uint8Array(picture.data.length);
    for (let y = 0, to = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const [column, row] = turn > 4 ? [y, x] : [x, y];
        const fromRight = turn === 2 || turn === 3 || turn === 7 || turn === 8;
        const fromBelow = turn === 3 || turn === 4 || turn === 6 || turn === 7;
        let from = 3 * ((fromBelow ? down - 1 - row : row) * across + (fromRight ? across - 1 - column : column));
        data[to++] = picture.data[from++];
        data[to++] = picture.data[from++];
        data[to++] = picture.data[from];
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
