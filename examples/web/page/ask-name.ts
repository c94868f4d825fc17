/** Asks for the name of a file, in a dialog of the page. */
import { byId } from './by-id.js';

/** Resolves to null when it was called off. */
export function askName(
  question: string,
  proposal: string,
  faultOf: (name: string) => string | null,
): Promise<string | null> {
  const dialog = byId('ask', HTMLDialogElement);
  const input = byId('ask-name', HTMLInputElement);
  const fault = byId('ask-fault', HTMLElement);
  const ok = byId('ask-ok', HTMLButtonElement);
  byId('ask-label', HTMLElement).textContent = question;
  input.value = proposal;
  dialog.returnValue = '';
  const check = (): void => {
    const words = input.value === proposal ? null : faultOf(input.value.trim());
    fault.textContent = words ?? '';
    ok.disabled = words !== null || input.value.trim() === '';
  };
  const enter = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter') return;
    // The first button of a form is the one that Enter presses, and that is Cancel.
    event.preventDefault();
    if (!ok.disabled) dialog.close('ok');
  };
  input.addEventListener('input', check);
  input.addEventListener('keydown', enter);
  check();
  dialog.showModal();
  input.select();
  return new Promise((resolve) => {
    dialog.addEventListener(
      'close',
      () => {
        input.removeEventListener('input', check);
        input.removeEventListener('keydown', enter);
        resolve(dialog.returnValue === 'ok' ? input.value.trim() : null);
      },
      { once: true },
    );
  });
}
