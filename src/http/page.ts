/** The page that a newcomer finds at `/`: static files, under a policy that lets nothing in from elsewhere. */
import express, { type Handler } from 'express';

/** Nothing inline, nothing from other hosts; no other page may frame a REPL. */
const policy = "default-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Serves the files of a folder; what is not among them goes on to the next handler. */
export function pageFiles(folder: string): Handler {
  return express.static(folder, {
    dotfiles: 'ignore',
    redirect: false,
    setHeaders: (response) => {
      response.setHeader('Content-Security-Policy', policy);
      response.setHeader('Referrer-Policy', 'no-referrer');
      // Asked for anew each time, and answered with 304 when it is the same.
      response.setHeader('Cache-Control', 'no-cache');
    },
  });
}
