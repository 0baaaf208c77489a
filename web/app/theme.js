/** Before the first paint: light or dark, so that a dark room is not lit up. A classic script, loaded before the styles are used. */

(() => {
  let theme = 'auto';
  try {
    theme = JSON.parse(localStorage.getItem('sauda.preferences') ?? '{}').theme ?? 'auto';
  } catch {
    // nothing kept: follow the system
  }
  const dark = theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset['theme'] = dark ? 'dark' : 'light';
})();
