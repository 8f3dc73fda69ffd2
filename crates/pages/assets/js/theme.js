// Light or dark. A classic script in <head>, so that the choice holds before the first paint.
(() => {
  const KEY = 'colophon.theme';
  const root = document.documentElement;
  const dark = matchMedia('(prefers-color-scheme: dark)');

  const stored = () => {
    try { return localStorage.getItem(KEY); } catch { return null; }
  };
  const current = () => root.dataset.theme ?? (dark.matches ? 'dark' : 'light');

  const choice = stored();
  if (choice === 'light' || choice === 'dark') root.dataset.theme = choice;

  document.addEventListener('DOMContentLoaded', () => {
    const button = document.querySelector('.theme-toggle');
    if (!button) return;
    const show = () => {
      const next = current() === 'dark' ? 'light' : 'dark';
      button.setAttribute('aria-label', `Switch to the ${next} theme`);
      button.title = `Switch to the ${next} theme`;
    };
    button.addEventListener('click', () => {
      const next = current() === 'dark' ? 'light' : 'dark';
      root.dataset.theme = next;
      try { localStorage.setItem(KEY, next); } catch { /* private mode: the choice lasts for this page */ }
      show();
    });
    dark.addEventListener('change', show);
    button.hidden = false;
    show();
  });
})();
