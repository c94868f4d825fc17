/** The one element that this selector finds; it throws where there is none, as that is a fault of the markup. */
export function partOf<Type extends Element>(root: ParentNode, selector: string, type: new () => Type): Type {
  const found = root.querySelector(selector);
  if (found instanceof type) return found;
  throw new Error(`The component has no ${selector}.`);
}
