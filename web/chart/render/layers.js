/**
 * The three canvases of a chart, one over the other, sharp at any pixel ratio.
 *
 * @module chart/render/layers
 */

/** @typedef {{base: CanvasRenderingContext2D, series: CanvasRenderingContext2D, overlay: CanvasRenderingContext2D}} Contexts */

const NAMES = /** @type {const} */ (['base', 'series', 'overlay']);

export class Layers {
  width = 0; // CSS px
  height = 0;
  ratio = 1; // device px a CSS px
  /** @type {Contexts} */
  contexts;
  /** @type {HTMLCanvasElement[]} */
  #canvases = [];

  /** @param {HTMLElement} parent */
  constructor(parent) {
    const made = NAMES.map((name) => {
      const canvas = document.createElement('canvas');
      canvas.className = `chart-layer chart-layer-${name}`;
      canvas.setAttribute('aria-hidden', 'true');
      canvas.width = 1;
      canvas.height = 1;
      parent.append(canvas);
      this.#canvases.push(canvas);
      const context = canvas.getContext('2d', { alpha: name !== 'base' });
      if (context === null) throw new Error('This browser gives no canvas to draw on.');
      return context;
    });
    this.contexts = { base: made[0], series: made[1], overlay: made[2] };
  }

  /**
   * @param {number} width CSS px
   * @param {number} height CSS px
   * @param {number} deviceWidth device px, whole
   * @param {number} deviceHeight device px, whole
   * @returns {boolean} whether anything changed, which empties all three
   */
  resize(width, height, deviceWidth, deviceHeight) {
    const [canvas] = this.#canvases;
    const same = canvas.width === deviceWidth && canvas.height === deviceHeight && this.width === width && this.height === height;
    if (same) return false;
    this.width = width;
    this.height = height;
    this.ratio = width > 0 ? deviceWidth / width : 1;
    for (const one of this.#canvases) {
      one.width = Math.max(1, deviceWidth);
      one.height = Math.max(1, deviceHeight);
    }
    return true;
  }

  /** Give the pixels back; some browsers keep them as long as the canvas lives. */
  destroy() {
    for (const canvas of this.#canvases) {
      canvas.width = 1;
      canvas.height = 1;
      canvas.remove();
    }
  }
}
