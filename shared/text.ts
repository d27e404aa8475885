/** Text for people, in the two languages of etcdscope. */

export type Language = "en" | "zh";

export interface Text {
  readonly en: string;
  readonly zh: string;
}
