/**
 * The editor: CodeMirror, in a shadow root of its own, since there it takes its styles as adopted sheets, which a policy of
 * `style-src 'self'` allows. It keeps an undo history for each file, and no files.
 */
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { python } from '@codemirror/lang-python';
import { bracketMatching, foldGutter, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { EditorState, type Extension } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { editorStyle, syntaxColours } from './editor-style.js';

export class CodeEditor {
  readonly #view: EditorView;
  readonly #states = new Map<string, EditorState>();
  readonly #extensions: Extension;
  #name = '';

  /** @param onChange told with every change that a person makes */
  constructor(parent: HTMLElement, onChange: (name: string, text: string) => void) {
    const root = parent.attachShadow({ mode: 'open' });
    const place = document.createElement('div');
    root.append(place);
    this.#extensions = [
      lineNumbers(),
      foldGutter(),
      history(),
      drawSelection(),
      highlightActiveLine(),
      indentOnInput(),
      indentUnit.of('    '),
      bracketMatching(),
      closeBrackets(),
      autocompletion(),
      highlightSelectionMatches(),
      keymap.of([
        ...closeBracketsKeymap,
        ...completionKeymap,
        ...searchKeymap,
        ...historyKeymap,
        ...defaultKeymap,
        indentWithTab,
      ]),
      editorStyle,
      syntaxHighlighting(syntaxColours),
      EditorView.contentAttributes.of({ 'aria-label': 'Code. Escape, then Tab leaves the editor.' }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) onChange(this.#name, update.state.doc.toString());
      }),
    ];
    this.#view = new EditorView({ parent: place, root });
  }

  open(name: string, text: string): void {
    if (this.#name !== '') this.#states.set(this.#name, this.#view.state);
    this.#name = name;
    const state = this.#states.get(name) ?? this.#newState(name, text);
    this.#view.setState(state);
  }

  forget(name: string): void {
    this.#states.delete(name);
    if (this.#name === name) this.#name = '';
  }

  /** Puts the cursor at the beginning of a line, from 1, and shows it. */
  goToLine(line: number): void {
    const { doc } = this.#view.state;
    const { from } = doc.line(Math.max(1, Math.min(line, doc.lines)));
    this.#view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: 'center' }) });
    this.focus();
  }

  focus(): void {
    this.#view.focus();
  }

  #newState(name: string, text: string): EditorState {
    const language = name.endsWith('.py') ? [python()] : [];
    return EditorState.create({ doc: text, extensions: [this.#extensions, language] });
  }
}
