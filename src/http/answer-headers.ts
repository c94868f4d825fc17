/**
 * What every answer tells a browser: that it is data, kept by nobody, shown in no page of others and readable by none. There
 * is no header of CORS among them. Pages have policies of their own (page.ts).
 */
export const answerHeaders: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  // Ids stand in addresses.
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};
