/**
 * Something large that changes little at each step: each version hands its content on to the next, which changes it in place, so that a
 * step costs what it brings and leaves no garbage. A version that was handed on says so when it is
 * read; who wants to read one later keeps it, and then the next one is made of a copy.
 */
export abstract class Versioned<Content> {
  #content: Content | undefined;
  #isKept = false;

  constructor(content: Content) {
    this.#content = content;
  }

  /** From now on this version stays what it is. */
  keep(): void {
    this.read();
    this.#isKept = true;
  }

  protected abstract copy(content: Content): Content;

  protected read(): Content {
    if (this.#content === undefined) {
      throw new Error("Expected a version that is the newest, or was kept");
    }
    return this.#content;
  }

  /** To be changed: the next version's. */
  protected handOn(): Content {
    const content = this.read();
    if (this.#isKept) {
      return this.copy(content);
    }
    this.#content = undefined;
    return content;
  }
}
