/**
 * Widths of words, remembered. Digits are one width (tabular), so all prices of one shape share one entry.
 *
 * @module chart/render/text
 */

const MOST = 500;

export class TextWidths {
  /** @type {Map<string, number>} */
  #widths = new Map();
  #font = '';

  /**
   * @param {CanvasRenderingContext2D} context with its font set
   * @param {string} text
   */
  of(context, text) {
    if (context.font !== this.#font || this.#widths.size > MOST) {
      this.#font = context.font;
      this.#widths.clear();
    }
    const shape = text.replace(/[1-9]/g, '0');
    let width = this.#widths.get(shape);
    if (width === undefined) {
      width = context.measureText(shape).width;
      this.#widths.set(shape, width);
    }
    return width;
  }
}
