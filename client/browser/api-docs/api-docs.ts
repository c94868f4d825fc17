/**
 * The page at `/docs`: Swagger UI around the runner's own OpenAPI document. Where the runner wants a token, the page asks
 * for it and keeps it in memory only; it loads nothing from elsewhere.
 */
import { colorScheme } from './color-scheme.js';
import { fetchDocument } from './fetch-document.js';
import type { SwaggerUi } from './swagger-ui.js';

declare const SwaggerUIBundle: SwaggerUi;

const form = element('ask', HTMLFormElement);
const field = element('token', HTMLInputElement);
const problem = element('problem', HTMLElement);

function element<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`The page has no ${id}.`);
}

/** Shows the document, or asks for the token that it needs. */
async function open(token: string | null): Promise<void> {
  const answer = await fetchDocument(token);
  form.hidden = answer.kind === 'shown';
  if (answer.kind === 'shown') {
    show(answer.document, token);
    return;
  }
  problem.textContent = answer.kind === 'failed' ? answer.reason : token === null ? '' : 'That is not the right token.';
  field.select();
}

function show(spec: object, token: string | null): void {
  const ui = SwaggerUIBundle({
    spec,
    dom_id: '#document',
    deepLinking: true,
    displayOperationId: true,
    displayRequestDuration: true,
    defaultModelsExpandDepth: 0,
    // No stranger gets to see the document, and nothing is kept in the browser.
    validatorUrl: null,
    persistAuthorization: false,
    onComplete: () => {
      if (token !== null) ui.preauthorizeApiKey('token', token);
    },
  });
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void open(field.value);
});
colorScheme();
await open(null);
