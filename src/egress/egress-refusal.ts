/** Why a connection is not made or not gone on with: the words for metrics and logs, and what the program is told. Pure. */
export const refusals = {
  malformed: { status: 400, phrase: 'not a request to a proxy' },
  not_allowed: { status: 403, phrase: 'this session may not reach that' },
  address_refused: { status: 403, phrase: 'that name lies in a network that may not be reached' },
  name_mismatch: { status: 403, phrase: 'the server that is spoken to is not the one that was asked for' },
  not_tls: { status: 403, phrase: 'only TLS may be spoken there' },
  bytes_spent: { status: 403, phrase: 'this session has moved as many bytes as it may' },
  too_many: { status: 429, phrase: 'this session has as many connections as it may' },
  too_fast: { status: 429, phrase: 'this session connects too often' },
  unresolved: { status: 502, phrase: 'that name could not be looked up' },
  unreachable: { status: 502, phrase: 'that server cannot be reached' },
  timed_out: { status: 504, phrase: 'that took too long' },
  no_permission: { status: 403, phrase: 'this session has no way out' },
} as const satisfies Record<string, { status: number; phrase: string }>;

export type RefusalReason = keyof typeof refusals;

/** Printable ASCII, of which names and sentences consist. */
const unprintable = /[^\x20-\x7e]/g;
const maxDetail = 300;

export class EgressRefusal extends Error {
  override readonly name = 'EgressRefusal';
  readonly reason: RefusalReason;

  /** @param detail what the phrase of the reason does not say, such as the name */
  constructor(reason: RefusalReason, detail = '', options: { cause?: unknown } = {}) {
    const { phrase } = refusals[reason];
    const said = detail.replace(unprintable, '?').slice(0, maxDetail);
    super(said === '' ? phrase : `${phrase}: ${said}`, options);
    this.reason = reason;
  }

  get status(): number {
    return refusals[this.reason].status;
  }
}

/** What went wrong, as a refusal: whatever is none says that the server cannot be reached. */
export function asEgressRefusal(error: unknown): EgressRefusal {
  return error instanceof EgressRefusal ? error : new EgressRefusal('unreachable', '', { cause: error });
}
