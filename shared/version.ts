/** The version of etcdscope, the same for agent, collector and commands; a test holds it against package.json. */
export const ETCDSCOPE_VERSION = "0.1.0";
