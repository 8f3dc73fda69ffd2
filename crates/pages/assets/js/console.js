// Two conveniences of signed-in pages; every form works without them.
import { copy } from './dom.js';

for (const button of document.querySelectorAll('[data-copy]')) {
  const source = button.parentElement?.querySelector('[data-copy-source]');
  if (!source) continue;
  button.hidden = false;
  button.addEventListener('click', () => {
    getSelection()?.selectAllChildren(source);
    copy(source.textContent ?? '', button);
  });
}

// A public key chosen as a file is put into the text field: PEM as it is, bytes as base64.
for (const label of document.querySelectorAll('[data-key-file]')) {
  const input = label.querySelector('input');
  const field = label.closest('.field')?.querySelector('textarea');
  if (!input || !field) continue;
  label.hidden = false;
  input.addEventListener('change', async () => {
    const file = input.files?.[0];
    if (!file) return;
    if (file.size > 64 * 1024) {
      field.setCustomValidity('That file is too large to be a public key.');
      field.reportValidity();
      return;
    }
    field.setCustomValidity('');
    const bytes = new Uint8Array(await file.arrayBuffer());
    const isText = bytes.every((byte) => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte < 127));
    field.value = isText ? new TextDecoder().decode(bytes) : btoa(String.fromCharCode(...bytes));
    input.value = '';
    field.focus();
  });
}
