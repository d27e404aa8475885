/** The one error class of etcdscope and its closed list of codes; foreign errors are translated into it once, at each door. */

/**
 * Every code that an EtcdscopeError can carry, with whether the same call, unchanged, may succeed later.
 */
export const ERROR_CODES = {
  CONFIG_INVALID: { retryable: false },
  ARGUMENT_INVALID: { retryable: false },
  NOT_FOUND: { retryable: false },
  PERMISSION_DENIED: { retryable: false },
  UNAUTHENTICATED: { retryable: false },
  LIMIT_EXCEEDED: { retryable: false },
  PROTOCOL_ERROR: { retryable: false },
  /** The other side is not there: refused, reset, unreachable. */
  UNAVAILABLE: { retryable: true },
  TIMED_OUT: { retryable: true },
  /** The other side's certificate, or ours, was not accepted. */
  TLS_FAILED: { retryable: true },
  /** A file or database of ours could not be read or written. */
  STORAGE_FAILED: { retryable: true },
  STORAGE_FULL: { retryable: true },
  STORAGE_CORRUPT: { retryable: false },
  /** What a probe or a command needs is not there on this machine; "nothing there", not "broken". */
  NOT_APPLICABLE: { retryable: true },
  CANCELLED: { retryable: true },
  INTERNAL: { retryable: false },
} as const satisfies Record<string, { readonly retryable: boolean }>;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface EtcdscopeErrorOptions {
  readonly cause?: unknown;
  /** A finer, stable reason for people and rules, for example "refused" or "tls_expired". */
  readonly reason?: string;
  /** The option, key or query parameter that is wrong, where there is one. */
  readonly field?: string;
}

/** An error with a code. The message is a sentence without a full stop that says what was expected and what came. */
export class EtcdscopeError extends Error {
  readonly code: ErrorCode;
  readonly reason: string | undefined;
  readonly field: string | undefined;

  constructor(code: ErrorCode, message: string, options: EtcdscopeErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "EtcdscopeError";
    this.code = code;
    this.reason = options.reason;
    this.field = options.field;
  }

  get retryable(): boolean {
    return ERROR_CODES[this.code].retryable;
  }

  /** Turns anything caught into an EtcdscopeError; one that already is stays as it is. */
  static from(caught: unknown, code: ErrorCode = "INTERNAL"): EtcdscopeError {
    if (caught instanceof EtcdscopeError) {
      return caught;
    }
    const message = caught instanceof Error ? caught.message : String(caught);
    return new EtcdscopeError(code, message, { cause: caught });
  }
}
