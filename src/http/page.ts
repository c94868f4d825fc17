/**
 * What browsers are shown: the page that a newcomer finds at `/`, and the API's document at `/docs`. Static files, under
 * policies that let nothing in from elsewhere.
 */
import express, { type Handler } from 'express';

/** Nothing inline, nothing from other hosts; no other page may frame a REPL. */
const pagePolicy = "default-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/** Swagger UI has its icons in its style sheet, as data. */
const docsPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Serves the files of a folder; what is not among them goes on to the next handler. */
export function pageFiles(folder: string): Handler {
  return files(folder, pagePolicy, false);
}

/** The same, for `/docs`, which leads on to `/docs/`. */
export function docsFiles(folder: string): Handler {
  return files(folder, docsPolicy, true);
}

function files(folder: string, policy: string, redirect: boolean): Handler {
  return express.static(folder, {
    dotfiles: 'ignore',
    redirect,
    setHeaders: (response) => {
      response.setHeader('Content-Security-Policy', policy);
      // Asked for anew each time, and answered with 304 when it is the same.
      response.setHeader('Cache-Control', 'no-cache');
    },
  });
}
