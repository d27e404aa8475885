/** An agent's error as people read it: links and viewpoints both tell one, and the system's own words repeat ours. */

/** "10.0.0.2:2379 refused the connection: connect ECONNREFUSED 10.0.0.2:2379" → "10.0.0.2:2379 refused the connection". */
export function plainError(errorText: string, errorCode: string): string {
  return errorText.replace(/: connect E[A-Z]+ \S+$/, "") || errorCode;
}
