/** Asks the runner that serves this page for its OpenAPI document. */
export type DocumentAnswer =
  | { readonly kind: 'shown'; readonly document: object }
  | { readonly kind: 'token-needed' }
  | { readonly kind: 'failed'; readonly reason: string };

const timeoutMs = 10_000;

export async function fetchDocument(token: string | null): Promise<DocumentAnswer> {
  const headers: Record<string, string> = token === null ? {} : { Authorization: `Bearer ${token}` };
  try {
    const response = await fetch('../openapi.json', { headers, signal: AbortSignal.timeout(timeoutMs) });
    if (response.status === 401) return { kind: 'token-needed' };
    if (!response.ok) return { kind: 'failed', reason: `The runner answers with ${response.status}.` };
    return { kind: 'shown', document: (await response.json()) as object };
  } catch {
    // Also a token with characters that no header may have.
    return { kind: 'failed', reason: 'The runner cannot be asked.' };
  }
}
