// The picture under the masks.

const OVERVIEW = 2048; // a large picture is drawn from a copy of this size unless zoomed in
const CRISP_FROM = 6; // device pixels for a picture pixel from which pixels are shown as squares

/** The picture as it is drawn: decoded once; large ones with a smaller copy for the whole view. */
export class PictureBitmap {
  static async load({ url, file, width, height }) {
    const image = new Image();
    image.decoding = "async";
    image.src = url ?? file.url;
    await image.decode();
    const bitmap = new PictureBitmap();
    bitmap.full = await createImageBitmap(image);
    const shrink = OVERVIEW / Math.max(image.naturalWidth, image.naturalHeight);
    bitmap.overview = bitmap.full;
    if (shrink < 0.75) {
      const resizeWidth = Math.round(image.naturalWidth * shrink);
      const resizeHeight = Math.round(image.naturalHeight * shrink);
      bitmap.overview = await createImageBitmap(image, { resizeWidth, resizeHeight, resizeQuality: "high" });
    }
    bitmap.width = width; // the picture's own size: the file shown may be a smaller copy
    bitmap.height = height;
    return bitmap;
  }

  close() {
    this.full.close();
    this.overview.close();
  }

  /** Draw the part of the picture seen from (x, y) on at `scale` device pixels a picture pixel. */
  draw(context, x, y, scale) {
    const { width, height } = this;
    const source = scale * width > this.overview.width * 1.25 ? this.full : this.overview;
    const left = Math.max(0, Math.floor(x));
    const top = Math.max(0, Math.floor(y));
    const right = Math.min(width, Math.ceil(x + context.canvas.width / scale));
    const bottom = Math.min(height, Math.ceil(y + context.canvas.height / scale));
    if (right <= left || bottom <= top) return;
    const across = source.width / width;
    const down = source.height / height;
    context.imageSmoothingEnabled = scale < CRISP_FROM;
    context.imageSmoothingQuality = scale < 1 ? "medium" : "low";
    context.drawImage(
      source, left * across, top * down, (right - left) * across, (bottom - top) * down,
      (left - x) * scale, (top - y) * scale, (right - left) * scale, (bottom - top) * scale,
    );
  }
}
