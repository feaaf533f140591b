/** How values of a query fit texts: large and small letters are the same, and `*` stands for any text. */

/** Whether a folded text fits. */
export type TextTest = (folded: string) => boolean;

/** The text as it is compared. */
export function folded(text: string): string {
  return text.toLowerCase();
}

function patternTest(parts: readonly string[]): TextTest {
  const first = parts[0] ?? "";
  const last = parts.at(-1) ?? "";
  const between = parts.slice(1, -1);
  return (text) => {
    if (!text.startsWith(first) || !text.endsWith(last)) {
      return false;
    }
    let place = first.length;
    for (const part of between) {
      const found = text.indexOf(part, place);
      if (found < 0) {
        return false;
      }
      place = found + part.length;
    }
    return place <= text.length - last.length;
  };
}

/** Whether a text is the value, or fits it if it has a `*`. */
export function valueTest(value: string): TextTest {
  const sought = folded(value);
  return sought.includes("*") ? patternTest(sought.split("*")) : (text) => text === sought;
}

/** Whether a text fits any of the values. */
export function anyValueTest(values: readonly string[]): TextTest {
  const tests = values.map(valueTest);
  return (text) => tests.some((test) => test(text));
}

function keyOfTag(tag: string): string {
  const place = tag.indexOf("=");
  return place < 0 ? tag : tag.slice(0, place);
}

/** Whether a tag, `key=value`, fits any of the values; one without `=` is about the key alone. */
export function anyTagTest(values: readonly string[]): TextTest {
  const tests = values.map((value) => {
    const test = valueTest(value);
    return value.includes("=") ? test : (tag: string) => test(keyOfTag(tag));
  });
  return (tag) => tests.some((test) => test(tag));
}
