/**
 * A document for xterm.js that needs no inline styles, so that colours and font are intact under `style-src 'self'`: its
 * `<style>` elements become adopted style sheets, its style attributes are set through the CSSOM, which the policy allows.
 * It changes no element that it did not make itself.
 */

/** @param adopt is given each style sheet, once, while it is still empty */
export function documentWithoutInlineStyles(document: Document, adopt: (sheet: CSSStyleSheet) => void): Document {
  const createElement = (name: string): HTMLElement => {
    const element = document.createElement(name);
    if (name === 'span') setStylesByCssom(element);
    if (name === 'div') divertStyles(element, adopt);
    return element;
  };
  return new Proxy(document, {
    get: (target, key): unknown => {
      if (key === 'createElement') return createElement;
      const value: unknown = Reflect.get(target, key, target);
      // What a document can do, it does for itself only.
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** xterm.js makes the pieces of a row by cloning the one before. */
function setStylesByCssom(element: HTMLElement): HTMLElement {
  element.setAttribute = setAttributeByCssom;
  element.cloneNode = (deep) => {
    const clone = Node.prototype.cloneNode.call(element, deep);
    return clone instanceof HTMLElement ? setStylesByCssom(clone) : clone;
  };
  return element;
}

function setAttributeByCssom(this: HTMLElement, name: string, value: string): void {
  if (name === 'style') this.style.cssText = value;
  else Element.prototype.setAttribute.call(this, name, value);
}

function divertStyles(element: HTMLElement, adopt: (sheet: CSSStyleSheet) => void): void {
  element.appendChild = function appendChild<Child extends Node>(this: HTMLElement, child: Child): Child {
    if (!(child instanceof HTMLStyleElement)) return Node.prototype.appendChild.call(this, child) as Child;
    const sheet = new CSSStyleSheet();
    adopt(sheet);
    // Kept out of the page, where the policy would refuse it; its text goes where the policy does not look.
    Object.defineProperty(child, 'textContent', {
      set: (text: string) => {
        sheet.replaceSync(text);
      },
    });
    return child;
  };
}
