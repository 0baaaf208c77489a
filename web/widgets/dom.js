/**
 * DOM without markup strings: Trusted Types forbid innerHTML, and style attributes are blocked by the CSP.
 */

/** @typedef {Node | string | number | null | undefined | false} Child */
/**
 * @typedef {{ class?: string, on?: Record<string, (event: any) => void>, data?: Record<string, string>,
 *   [name: string]: any }} Props
 */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * An element with attributes, listeners and children. `class`, `on` (listeners) and `data` are special;
 * true sets an empty attribute, false and null leave it out.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Props | null} [props]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  if (props) apply(element, props);
  append(element, children);
  return element;
}

/**
 * The same for SVG.
 * @template {keyof SVGElementTagNameMap} T
 * @param {T} tag
 * @param {Props | null} [props]
 * @param {...(Child | Child[])} children
 * @returns {SVGElementTagNameMap[T]}
 */
export function s(tag, props, ...children) {
  const element = /** @type {SVGElementTagNameMap[T]} */ (document.createElementNS(SVG, tag));
  if (props) apply(element, props);
  append(element, children);
  return element;
}

/**
 * An icon of the sprite; it says nothing to a screen reader.
 * @param {string} name
 * @param {string} [cls]
 */
export function icon(name, cls = '') {
  return s('svg', { class: `icon ${cls}`.trim(), 'aria-hidden': 'true', viewBox: '0 0 24 24' },
    s('use', { href: `/icons/sprite.svg#${name}` }));
}

/**
 * Write text only when it changed: an equal write still costs layout.
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  const first = node.firstChild;
  if (first && first === node.lastChild && first.nodeType === Node.TEXT_NODE) {
    if (/** @type {Text} */ (first).data !== text) /** @type {Text} */ (first).data = text;
  } else if (node.textContent !== text) {
    node.textContent = text;
  }
}

/**
 * Set or drop an attribute only when it changed.
 * @param {Element} element
 * @param {string} name
 * @param {string | null | false | undefined} value
 */
export function setAttr(element, name, value) {
  if (value === null || value === false || value === undefined) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
  } else if (element.getAttribute(name) !== value) {
    element.setAttribute(name, value);
  }
}

/**
 * Set the whole class only when it changed.
 * @param {Element} element
 * @param {string} cls
 */
export function setClass(element, cls) {
  if (element.getAttribute('class') !== cls) element.setAttribute('class', cls);
}

/**
 * Replace all children.
 * @param {Element} element
 * @param {...(Child | Child[])} children
 */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

/**
 * @param {Element} element
 * @param {Props} props
 */
function apply(element, props) {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'on') {
      for (const [event, handler] of Object.entries(value)) element.addEventListener(event, /** @type {any} */ (handler));
    } else if (name === 'data') {
      for (const [key, text] of Object.entries(value)) element.setAttribute(`data-${key}`, String(text));
    } else if (name === 'value' && 'value' in element) {
      /** @type {HTMLInputElement} */ (element).value = String(value);
    } else {
      element.setAttribute(name, value === true ? '' : String(value));
    }
  }
}

/**
 * @param {Element} element
 * @param {(Child | Child[])[]} children
 */
function append(element, children) {
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}
