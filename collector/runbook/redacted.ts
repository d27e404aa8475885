/** How agents mark what they took out of flags. Repeated here because the collector imports nothing of the agent. */
export const REDACTED_VALUE = "[redacted]";
