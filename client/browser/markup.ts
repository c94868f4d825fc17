/** What the component is made of, inside its shadow root. Every part that a host may want to style or hide has a name. */

const button = (name: string, label: string, title: string): string =>
  `<button type="button" part="${name}-button" data-action="${name}" title="${title}">${label}</button>`;

const key = (name: string, label: string, words: string): string =>
  `<button type="button" part="key" data-key="${name}" aria-label="${words}">${label}</button>`;

const markup = `
<section class="frame" part="frame" aria-label="REPL">
  <header class="bar" part="bar">
    <span class="state" part="state" data-tone="calm"><i class="dot" aria-hidden="true"></i><span data-slot="short"></span></span>
    <span class="hint" part="hint" data-slot="hint"></span>
    <span class="buttons" part="buttons">
      ${button('start', 'Start', 'Start a REPL')}
      ${button('stop', 'Stop', 'Interrupt what is running (Ctrl+C)')}
      ${button('restart', 'Restart', 'A fresh REPL with the same files')}
      ${button('end', 'End', 'End the REPL')}
      <button type="button" part="tab-button" class="quiet" data-action="tab" aria-label="Tab leaves the terminal" aria-pressed="false" title="What the Tab key does: type into the REPL, or leave it">⇥<span class="wide"> Tab leaves</span></button>
      <button type="button" part="more-button" class="quiet" data-action="more" aria-expanded="false" aria-controls="more" aria-label="More" title="More">⋯</button>
    </span>
    <div class="more" id="more" part="more" hidden>
      <button type="button" part="find-button" data-action="find">Find… <kbd>Ctrl+Shift+F</kbd></button>
      <button type="button" part="transcript-button" data-action="transcript">Show as text</button>
      <button type="button" part="reader-button" data-action="reader" aria-pressed="false">Screen reader mode</button>
    </div>
  </header>
  <div class="stage" part="stage">
    <div class="screen" part="screen"></div>
    <form class="find" part="find" role="search" hidden>
      <input type="search" aria-label="Find in the terminal" autocomplete="off" spellcheck="false">
      <button type="submit" aria-label="Previous match" title="Previous match (Enter)">↑</button>
      <button type="button" data-action="find-next" aria-label="Next match" title="Next match (Shift+Enter)">↓</button>
      <button type="button" data-action="find-close" aria-label="Close" title="Close (Esc)">×</button>
    </form>
    <div class="transcript" part="transcript" role="dialog" aria-label="The terminal as text" hidden>
      <p class="transcript-bar"><span>All that the terminal still holds</span>
        <button type="button" data-action="transcript-copy">Copy</button>
        <button type="button" data-action="transcript-close">Close</button></p>
      <pre tabindex="0" role="document" aria-label="Transcript"></pre>
    </div>
  </div>
  <div class="veil" part="veil" hidden>
    <p data-slot="long"></p>
    <button type="button" data-action="veil"></button>
  </div>
  <div class="touch" part="touch" hidden>
    <div class="keys" part="keys" role="group" aria-label="Keys">
      ${key('ctrl', 'Ctrl', 'Ctrl, for the next key')}${key('escape', 'Esc', 'Esc key')}${key('tab', 'Tab', 'Tab key')}
      ${key('left', '←', 'Left')}${key('up', '↑', 'Up')}${key('down', '↓', 'Down')}${key('right', '→', 'Right')}
    </div>
    <form class="composer" part="composer">
      <textarea rows="1" aria-label="Type a line for the REPL" placeholder="Type here…" autocapitalize="off" autocomplete="off" autocorrect="off" spellcheck="false" enterkeyhint="send"></textarea>
      <button type="submit">Enter</button>
    </form>
  </div>
  <p class="live" role="status" aria-live="polite"></p>
</section>`;

/** A copy of it for one component. */
export function cloneMarkup(): DocumentFragment {
  const template = document.createElement('template');
  template.innerHTML = markup;
  return document.importNode(template.content, true);
}
