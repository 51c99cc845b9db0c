/** Text that is HTML already. Made only by `html`, so whatever is not a Markup is escaped. */
export class Markup {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

export type Content = Markup | string | number | undefined | false | readonly Content[];

/** A template of HTML: values are escaped, Markup is kept, lists are joined, undefined and false are left out. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return new Markup(parts.reduce((text, part, index) => text + render(values[index - 1]) + part));
}

function render(content: Content): string {
  if (content === undefined || content === false) return "";
  if (content instanceof Markup) return content.toString();
  return typeof content === "object" ? content.map(render).join("") : escapeText(String(content));
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeText(text: string): string {
  return cleanText(text).replace(/[&<>"']/g, (character) => entities[character]);
}

/** Text without what HTML may not hold: control characters and halves of surrogate pairs become U+FFFD. */
export function cleanText(text: string): string {
  return text.replace(unfitCharacters, "\uFFFD");
}

const unfitCharacters = /[^\P{Cc}\t\n\r]|\p{Surrogate}/gu;
