/** Why a call is not passed on, with the status that it is answered with. It says what is wrong, never what was sent. */
export class Refusal extends Error {
  constructor(
    readonly status: 400 | 403 | 404 | 408 | 413 | 429 | 503,
    message: string,
  ) {
    super(message);
    this.name = 'Refusal';
  }
}

/** As the Docker Engine API tells of errors. */
export function refusalBody({ message }: Pick<Refusal, 'message'>): string {
  return JSON.stringify({ message });
}
