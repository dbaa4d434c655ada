// From run lengths to pixels of the screen. A frame says which part of the picture a raster shows:
// {x, y: its corner in picture pixels, scale: raster pixels for one picture pixel, width, height}.

/** The raster's pixels that the mask's box can touch, or null when none is in the frame. */
function touched(mask, frame, picture) {
  if (!mask.box) return null;
  const across = (picture.width / mask.width) * frame.scale;
  const down = (picture.height / mask.height) * frame.scale;
  const left = Math.max(0, Math.floor(mask.box.left * across - frame.x * frame.scale));
  const top = Math.max(0, Math.floor(mask.box.top * down - frame.y * frame.scale));
  const right = Math.min(frame.width, Math.ceil(mask.box.right * across - frame.x * frame.scale));
  const bottom = Math.min(frame.height, Math.ceil(mask.box.bottom * down - frame.y * frame.scale));
  return right > left && bottom > top ? { left, top, width: right - left, height: bottom - top } : null;
}

let scratch = new Float32Array(0); // kept between calls: a fresh array of a million floats costs as much as the work

function cleared(length) {
  if (scratch.length < length) scratch = new Float32Array(length);
  else scratch.fill(0, 0, length);
  return scratch;
}

/**
 * How much of each pixel of `area` the mask covers, 0 to 255, row by row.
 * Each piece of a run adds four numbers; a running sum down the columns then fills the pixels in
 * between. So thin lines fade instead of breaking when a large picture is shown small, and the cost
 * is that of the runs and of the pixels shown, never that of the picture's own pixels.
 */
function coverage(mask, frame, picture, area) {
  const { width, height } = area;
  const across = (picture.width / mask.width) * frame.scale;
  const down = (picture.height / mask.height) * frame.scale;
  const originX = frame.x * frame.scale + area.left;
  const originY = frame.y * frame.scale + area.top;
  const steps = cleared(width * (height + 2));

  let columnNow = -1; // the mask's column that `from` and `to`, in the raster, are those of
  let from = 0;
  let to = 0;
  const turn = (y, sign) => {
    const row = Math.min(height, Math.max(0, Math.floor(y)));
    const part = Math.min(1, Math.max(0, y - row));
    for (let pixel = Math.floor(from); pixel < to; pixel++) {
      const weight = sign * (Math.min(to, pixel + 1) - Math.max(from, pixel));
      const at = row * width + pixel;
      steps[at] += weight * (1 - part);
      steps[at + width] += weight * part;
    }
  };
  const addPiece = (column, top, bottom) => {
    if (column !== columnNow) {
      columnNow = column;
      from = Math.max(0, column * across - originX);
      to = Math.min(width, (column + 1) * across - originX);
    }
    turn(snapped(top * down - originY), 1);
    turn(snapped(bottom * down - originY), -1);
  };
  const first = Math.max(0, Math.floor(originX / across));
  const last = Math.min(mask.width, Math.ceil((originX + width) / across));
  mask.eachPiece(first, last, addPiece);
  return summedDown(steps, width, height);
}

/** Whole numbers that floats missed by a hair, so that equal scales give exact pixels. */
function snapped(value) {
  const whole = Math.round(value);
  return Math.abs(value - whole) < 1e-3 ? whole : value;
}

function summedDown(steps, width, height) {
  const alpha = new Uint8Array(width * height);
  for (let x = 0; x < width; x++) alpha[x] = steps[x] * 255 + 0.5;
  for (let at = width; at < width * height; at++) {
    const covered = steps[at] + steps[at - width]; // 0 to 1, but for rounding
    steps[at] = covered;
    alpha[at] = covered * 255 + 0.5;
  }
  return alpha;
}

/** 255 on the inner rim of a mask, `thickness` pixels wide, else 0. */
function rim(alpha, width, height, thickness) {
  const edge = new Uint8Array(alpha.length);
  const far = thickness * width;
  for (let y = 0, at = 0; y < height; y++) {
    const atBorder = y < thickness || y >= height - thickness;
    for (let x = 0; x < width; x++, at++) {
      if (alpha[at] < 128) continue;
      // Rows above and below the area count as outside the mask: its box ends there.
      const inside = !atBorder && x >= thickness && x < width - thickness
        && alpha[at - thickness] > 127 && alpha[at + thickness] > 127
        && alpha[at - far] > 127 && alpha[at + far] > 127
        && alpha[at - far - thickness] > 127 && alpha[at - far + thickness] > 127
        && alpha[at + far - thickness] > 127 && alpha[at + far + thickness] > 127;
      if (!inside) edge[at] = 255;
    }
  }
  return edge;
}

function hexToRgb(hex) {
  const value = parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** A canvas of the area's size; `shade` fills its pixels, one word each (alpha, blue, green, red). */
function canvasOf({ width, height }, shade) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  shade(pixels);
  context.putImageData(image, 0, 0);
  return canvas;
}

/** Red, green, blue without alpha as the little-endian word that ImageData holds. */
function word([red, green, blue]) {
  return (blue << 16) | (green << 8) | red;
}

/** One mask in one colour: its inside at `opacity`, its rim nearly solid. */
function tinted(alpha, area, { color, opacity, outlineOnly, thickness }) {
  const base = word(hexToRgb(color));
  const edge = rim(alpha, area.width, area.height, thickness);
  const fill = outlineOnly ? 0 : opacity;
  return canvasOf(area, (pixels) => {
    for (let at = 0; at < pixels.length; at++) {
      const strength = edge[at] ? 242 : alpha[at] * fill;
      if (strength > 0) pixels[at] = (Math.round(strength) << 24) | base;
    }
  });
}

// Okabe and Ito's orange and blue, which all common kinds of colour vision tell apart; grey where both agree.
const DIFFERENCE_COLORS = { sam: "#e69f00", sam_hq: "#0072b2", both: "#e8e8e8" };

/** Where two masks differ: only SAM, only SAM-HQ, both, each in its colour. */
function differenceTinted(sam, samHq, area, { opacity, outlineOnly, thickness }) {
  const words = {
    sam: word(hexToRgb(DIFFERENCE_COLORS.sam)),
    samHq: word(hexToRgb(DIFFERENCE_COLORS.sam_hq)),
    both: word(hexToRgb(DIFFERENCE_COLORS.both)),
  };
  const alone = Math.min(1, opacity + 0.4);
  const together = opacity * 0.7;
  const samRim = outlineOnly ? rim(sam, area.width, area.height, thickness) : null;
  const samHqRim = outlineOnly ? rim(samHq, area.width, area.height, thickness) : null;
  return canvasOf(area, (pixels) => {
    for (let at = 0; at < pixels.length; at++) {
      const a = samRim ? samRim[at] : sam[at];
      const b = samHqRim ? samHqRim[at] : samHq[at];
      if (!a && !b) continue;
      // Each pixel takes the colour of its largest share; its alpha is the sum of the shares.
      const both = Math.min(a, b);
      const color = both >= Math.abs(a - b) ? words.both : a > b ? words.sam : words.samHq;
      const strength = samRim ? 242 : both * together + Math.abs(a - b) * alone;
      pixels[at] = (Math.round(strength) << 24) | color;
    }
  });
}
