/**
 * Moving a line by hand: drag (a ghost stays at the old price), let go (armed), tap it (send), anything else (cancel).
 * Nothing here sends an order; it only says what the hand meant.
 *
 * @module chart/model/line-edit
 */

/**
 * @import { LineDrag, PriceLine } from '../types.js'
 */

export class LineEdit {
  /** @type {'idle' | 'chosen' | 'dragging' | 'armed'} */
  phase = 'idle';
  id = '';
  from = 0;
  price = 0;
  note = '';

  /** @param {PriceLine} line the line that keys will move */
  choose(line) {
    this.phase = 'chosen';
    this.id = line.id;
    this.from = line.price;
    this.price = line.price;
    this.note = '';
  }

  /** @param {PriceLine} line */
  begin(line) {
    if (this.id !== line.id || this.phase === 'idle' || this.phase === 'chosen') this.choose(line); // else it is moved on
    this.phase = 'dragging';
  }

  /** @param {number} price on the tick @returns {LineDrag} */
  move(price) {
    this.price = price;
    return this.#say('move');
  }

  /** @returns {LineDrag} */
  release() {
    if (this.price === this.from) return this.cancel();
    this.phase = 'armed';
    return this.#say('arm');
  }

  /** @returns {LineDrag} */
  send() {
    const said = this.#say('send');
    this.#clear();
    return said;
  }

  /** @returns {LineDrag} */
  cancel() {
    const said = this.#say('cancel');
    this.#clear();
    return said;
  }

  #clear() {
    this.phase = 'idle';
    this.id = '';
    this.note = '';
  }

  /** @param {LineDrag['phase']} phase @returns {LineDrag} */
  #say(phase) {
    return { phase, id: this.id, from: this.from, price: this.price };
  }
}
