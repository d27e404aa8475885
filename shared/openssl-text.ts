/** OpenSSL's errors without what only OpenSSL's developers read: a thread's number, a function, a line of C. */

/** "40F3…:error:0A000412:SSL routines:ssl3_read_bytes:ssl/tls alert bad certificate:../deps/…c:918:SSL alert number 42" */
const FRAMED = /^(?:[0-9A-F]+:)?error:[0-9A-F]+:[^:]*:[^:]*:([^:]+)(?::.*)?$/s;

/** "ssl/tls alert bad certificate"; a text that is not OpenSSL's stays as it is. */
export function stripOpensslFraming(message: string): string {
  return FRAMED.exec(message.trim())?.[1] ?? message;
}
