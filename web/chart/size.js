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
    const device = entry.devicePixelContentBoxSize?.[0]; // exact at any zoom, where the browser has it
    const ratio = window.devicePixelRatio;
    onSize([width, height, device?.inlineSize ?? Math.round(width * ratio), device?.blockSize ?? Math.round(height * ratio)]);
  });
  try {
    observer.observe(element, { box: 'device-pixel-content-box' });
  } catch {
    observer.observe(element); // Safari knows no device box
  }
  return () => observer.disconnect();
}
