/** Told when light and dark, or the palette, change: canvases must be painted anew. */

/** @param {() => void} call @returns {() => void} */
export function watchTheme(call) {
  const media = matchMedia('(prefers-color-scheme: dark)');
  media.addEventListener('change', call);
  const root = new MutationObserver(call);
  root.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme', 'data-palette'] });
  return () => {
    media.removeEventListener('change', call);
    root.disconnect();
  };
}
