import { beforeAll, describe, expect, it } from "vitest";
import { formatCompact, formatDuration, formatLatency, formatNumber, formatPercent } from "@/core/format";
import { setLocale } from "@/core/i18n";
import { addStartMessages } from "@/messages/en";

beforeAll(() => {
  addStartMessages();
  setLocale("en");
});

describe("numbers", () => {
  it("have their thousands apart", () => {
    expect(formatNumber(38_204)).toBe("38,204");
    expect(formatCompact(38_204)).toBe("38.2K");
  });

  it("follow the language", () => {
    setLocale("de");
    expect(formatNumber(38_204)).toBe("38.204");
    setLocale("en");
    expect(formatNumber(38_204)).toBe("38,204");
  });

  it("never say that all is there when it is not", () => {
    expect(formatPercent(1)).toBe("100%");
    expect(formatPercent(0.9999)).toBe("99.9%");
    expect(formatPercent(0.42)).toBe("42%");
    expect(formatPercent(0)).toBe("0%");
  });
});

describe("a latency", () => {
  it("has as many digits as can be read", () => {
    const written = [0, 0.4, 9.94, 9.95, 640, 999.4, 999.5, 1240, 9949, 9950, 32_000].map(formatLatency);
    expect(written).toEqual(["–", "0.4 ms", "9.9 ms", "10 ms", "640 ms", "999 ms", "1.0 s", "1.2 s", "9.9 s", "10 s", "32 s"]);
  });

  it("is a dash where there is none", () => {
    expect(formatLatency(Number.NaN)).toBe("–");
    expect(formatLatency(-1)).toBe("–");
  });
});

describe("a span of time", () => {
  it("has its two largest units", () => {
    const spans = [0, 999, 12_000, 252_000, 7_200_000, 7_260_000, 86_400_000 * 3 + 3_600_000 * 4 + 59_000];
    expect(spans.map((ms) => formatDuration(ms))).toEqual(["0 s", "0 s", "12 s", "4 min 12 s", "2 h", "2 h 1 min", "3 d 4 h"]);
  });

  it("leaves out what is nothing, and does not skip a unit", () => {
    expect(formatDuration(3_600_000 + 5_000)).toBe("1 h");
  });

  it("has one unit where that is enough", () => {
    expect(formatDuration(252_000, 1)).toBe("4 min");
  });

  it("is nothing when it is below zero", () => {
    expect(formatDuration(-5_000)).toBe("0 s");
  });
});
