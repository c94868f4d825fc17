/** The files of this page, kept in the browser from one visit to the next. It knows neither editor nor REPL. */

const storageKey = 'repl_runner.files';

const firstFiles: Readonly<Record<string, string>> = {
  'hiker.py': `"""Press Run (Alt+R), then try the names in the REPL."""


def answer(first=6, second=9):
    return first * second


def cheer(name):
    print(f"Don't panic, {name}!")


cheer("Arthur")
print("The answer is", answer())
`,
  'test_hiker.py': `from hiker import answer

assert answer(6, 7) == 42
assert answer() == 42, f"not {answer()}"
`,
};

/** The part of localStorage that is used. */
interface KeyValueStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

export class Project {
  readonly #storage: KeyValueStorage;
  readonly #files: Map<string, string>;

  constructor(storage: KeyValueStorage) {
    this.#storage = storage;
    this.#files = new Map(Object.entries(kept(storage) ?? firstFiles));
  }

  get names(): string[] {
    return [...this.#files.keys()];
  }

  get files(): Record<string, string> {
    return Object.fromEntries(this.#files);
  }

  textOf(name: string): string {
    return this.#files.get(name) ?? '';
  }

  /** Answers whether it could be kept. */
  write(name: string, text: string): boolean {
    this.#files.set(name, text);
    return this.#save();
  }

  rename(name: string, next: string): boolean {
    const renamed = [...this.#files].map(([old, text]) => [old === name ? next : old, text] as const);
    this.#files.clear();
    for (const [key, text] of renamed) this.#files.set(key, text);
    return this.#save();
  }

  remove(name: string): boolean {
    this.#files.delete(name);
    return this.#save();
  }

  #save(): boolean {
    try {
      this.#storage.setItem(storageKey, JSON.stringify(this.files));
      return true;
    } catch {
      // Full, or forbidden in this browser; the files live on in this page.
      return false;
    }
  }
}

function kept(storage: KeyValueStorage): Record<string, string> | null {
  try {
    const files: unknown = JSON.parse(storage.getItem(storageKey) ?? 'null');
    if (typeof files !== 'object' || files === null) return null;
    const entries = Object.entries(files).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
    return entries.length === 0 ? null : Object.fromEntries(entries);
  } catch {
    return null;
  }
}
