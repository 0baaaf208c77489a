/**
 * The size of an element in CSS px and in whole device px, told whenever it changes.
 *
 * @module chart/size
 */

/**
 * @param {HTMLElement} element
 * @param {(size: [number, number, number, number]) => void} onSize CSS width and height, device width and height
 * @returns {() => void} stops watching
 */
export function watchSize(element, onSize) {
  const observer = new ResizeObserver((entries) => {
    const entry = entries[entries.length - 1];
    const { width, height } = entry.contentRect;
    const device = entry.devicePixelContentBoxSize?.[0];
    onSize([width, height, whole(width, device?.inlineSize), whole(height, device?.blockSize)]);
  });
  try {
    observer.observe(element, { box: 'device-pixel-content-box' });
  } catch {
    observer.observe(element); // Safari knows no device box
  }
  return () => observer.disconnect();
}

/**
 * Device px of a length: the browser's own figure, which is exact at any zoom, unless it is far off (an emulated screen reports CSS px).
 * @param {number} length CSS px
 * @param {number} [exact]
 */
function whole(length, exact) {
  const near = length * window.devicePixelRatio;
  return exact !== undefined && Math.abs(exact - near) < 2 ? exact : Math.round(near);
}
