/** Words that people read: messages by key, with values put in and plurals chosen by the rules of the language. */
import type { Catalogue, MessageArea } from "@/messages/en";

/** A message: a text with `{names}` of values, or one text for each plural form of `count`. */
export type Message = string | { readonly one?: string; readonly other: string };

/** Messages of one area by key. */
export type Messages = Readonly<Record<string, Message>>;

/** Every key, written `area.key`. */
export type MessageKey = { [A in MessageArea]: `${A}.${Extract<keyof Catalogue[A], string>}` }[MessageArea];

type NamesIn<T extends string> = T extends `${string}{${infer N}}${infer R}` ? N | NamesIn<R> : never;
type TextOf<M> = M extends string ? M : M extends { other: infer O extends string } ? O : never;
type CountOf<M> = M extends string ? never : "count";
type At<K extends MessageKey> = K extends `${infer A extends MessageArea}.${infer Name}`
  ? Name extends keyof Catalogue[A]
    ? Catalogue[A][Name]
    : never
  : never;

/** The names of the values that a message takes. */
export type NamesOf<K extends MessageKey> = NamesIn<TextOf<At<K>>> | CountOf<At<K>>;

/** The values of a message: none, or an object with exactly its names. */
export type ValuesOf<K extends MessageKey, V> = [NamesOf<K>] extends [never] ? [] : [values: Readonly<Record<NamesOf<K>, V>>];

/** What texts may hold: numbers are written as the language does. */
export type Value = string | number;

const catalogue = new Map<string, Message>();

let locale = "en";
let pseudo = false;
let plurals = new Intl.PluralRules(locale);
let numbers = new Intl.NumberFormat(locale);

/** Add the messages of an area; an area that is there already is replaced. */
export function addMessages(area: string, messages: Messages): void {
  for (const [key, message] of Object.entries(messages)) {
    catalogue.set(`${area}.${key}`, message);
  }
}

/**
 * Choose the language for numbers, dates and plurals; `pseudo` makes every message longer and accented, to find texts that are
 * not in the catalogue and layouts that are too tight.
 */
export function setLocale(name: string, options: { readonly pseudo?: boolean } = {}): void {
  locale = name;
  pseudo = options.pseudo ?? false;
  plurals = new Intl.PluralRules(name);
  numbers = new Intl.NumberFormat(name);
}

/** The language of the page, for `Intl`. */
export function currentLocale(): string {
  return locale;
}

/** The regional form of English that somebody prefers, for numbers and dates; plain English if none. */
export function preferredEnglish(languages: readonly string[]): string {
  return languages.find((language) => /^en\b/i.test(language)) ?? "en";
}

const ACCENTED: Readonly<Record<string, string>> = Object.fromEntries(
  [..."aeioucnsyAEIOUCNSY"].map((letter, place) => [letter, [..."áéíóúçñšýÁÉÍÓÚÇÑŠÝ"][place] ?? letter]),
);

function accented(text: string): string {
  const letters = text.replace(/[aeioucnsyAEIOUCNSY]/g, (letter) => ACCENTED[letter] ?? letter);
  return letters.trim() === "" ? letters : `${letters}${"~".repeat(Math.ceil(letters.trim().length / 4))}`;
}

function templateOf(key: string, count: unknown): string {
  const message = catalogue.get(key);
  if (message === undefined) {
    return key;
  }
  if (typeof message === "string") {
    return message;
  }
  const form = typeof count === "number" ? plurals.select(count) : "other";
  return (form === "one" ? message.one : undefined) ?? message.other;
}

/**
 * A message as its parts, so that values can be elements as well as texts: `[before, value, between, value, after]`.
 *
 * A value that is missing is left out.
 */
export function parts<K extends MessageKey, V>(key: K, ...[values]: ValuesOf<K, V>): (string | V)[] {
  const given: Readonly<Record<string, V>> = values ?? {};
  const pieces: (string | V)[] = [];
  // Split at `{name}`: texts have even places, names odd ones.
  templateOf(key, given.count)
    .split(/\{(\w+)\}/)
    .forEach((piece, place) => {
      const value = place % 2 === 1 ? given[piece] : pseudo ? accented(piece) : piece;
      if (value !== undefined && value !== "") {
        pieces.push(value);
      }
    });
  return pieces;
}

/** The message of a key as a text. Cost: a microsecond or so. */
export function t<K extends MessageKey>(key: K, ...values: ValuesOf<K, Value>): string {
  return parts<K, Value>(key, ...values)
    .map((piece) => (typeof piece === "number" ? numbers.format(piece) : piece))
    .join("");
}
