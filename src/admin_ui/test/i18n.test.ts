import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { addMessages, currentLocale, parts, preferredEnglish, setLocale, t } from "@/core/i18n";
import { addStartMessages, loadMessages } from "@/messages/en";

beforeAll(() => {
  addStartMessages();
});

afterEach(() => {
  setLocale("en");
});

describe("a message", () => {
  it("has its values put in", () => {
    expect(t("time.ago", { span: "4 min" })).toBe("4 min ago");
    expect(t("time.now")).toBe("just now");
  });

  it("writes numbers as the language does", () => {
    expect(t("shell.nodes_of", { available: 1200, total: 5000 })).toBe("1,200 of 5,000 nodes available");
  });

  it("chooses its form by the count", () => {
    expect(t("shell.became_unavailable", { count: 1 })).toBe("1 backend became unavailable");
    expect(t("shell.became_unavailable", { count: 3 })).toBe("3 backends became unavailable");
    expect(t("shell.became_unavailable", { count: 0 })).toBe("0 backends became unavailable");
  });

  it("does not look into its values", () => {
    expect(t("time.ago", { span: "{span} $& {now}" })).toBe("{span} $& {now} ago");
  });

  it("is its key where nobody has written it", () => {
    addMessages("shell", {});
    expect(t("help.title")).toBe("help.title");
  });

  it("gives its parts, with values of any kind", () => {
    const link = { href: "nodes/fra-1" };
    expect(parts("time.ago", { span: link })).toEqual([link, " ago"]);
  });
});

describe("messages of later", () => {
  it("are there once they are loaded", async () => {
    await loadMessages(["palette"]);
    expect(t("palette.pages")).toBe("Pages");
  });
});

describe("the pseudo locale", () => {
  it("makes texts longer and accented, and leaves values alone", () => {
    setLocale("en", { pseudo: true });
    const text = t("shell.incomplete", { heard: 3, total: 5 });
    expect(text).toContain("3");
    expect(text).not.toMatch(/[aeiou]/);
    expect(text.length).toBeGreaterThan("The hub has started lately and has heard 3 of 5 nodes so far.".length * 1.2);
    expect(t("time.ago", { span: "no change" })).toMatch(/^no change/);
  });
});

describe("the language", () => {
  it("is the English that somebody prefers", () => {
    expect(preferredEnglish(["de-DE", "en-GB", "en-US"])).toBe("en-GB");
    expect(preferredEnglish(["de-DE"])).toBe("en");
    setLocale("en-GB");
    expect(currentLocale()).toBe("en-GB");
  });
});
