import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { setLocale } from "@/core/i18n";
import {
  allZones,
  formatAge,
  formatTime,
  isoOf,
  isZone,
  msOf,
  offsetLabel,
  ServerClock,
  zoneLabel,
  zonesLike,
} from "@/core/time";
import { addStartMessages } from "@/messages/en";

const AT = Date.UTC(2026, 10, 21, 16, 26, 13, 456);

beforeAll(() => {
  addStartMessages();
  setLocale("en-GB");
});

describe("a time", () => {
  it("is written in the zone that was chosen", () => {
    expect(formatTime(AT, "utc", "clock")).toBe("16:26:13");
    expect(formatTime(AT, "Asia/Kolkata", "clock")).toBe("21:56:13");
    expect(formatTime(AT, "utc", "short")).toBe("21 Nov, 16:26");
    expect(formatTime(AT, "utc", "full")).toBe("21 Nov 2026, 16:26:13 UTC");
    expect(formatTime(AT, "Asia/Kolkata", "full")).toBe("21 Nov 2026, 21:56:13 UTC+5:30");
  });

  it("counts hours from 0 to 23", () => {
    expect(formatTime(Date.UTC(2026, 0, 1, 0, 5), "utc", "clock")).toBe("00:05:00");
  });

  it("is nothing where there is none", () => {
    expect(formatTime(Number.NaN, "utc", "full")).toBe("");
    expect(isoOf(Number.NaN)).toBe("");
    expect(isoOf(1e300)).toBe("");
    expect(msOf(null)).toBeNaN();
    expect(msOf("soon")).toBeNaN();
  });

  it("is the same in ISO 8601 and back", () => {
    expect(msOf(isoOf(AT))).toBe(AT);
  });
});

describe("a zone", () => {
  it("can be shown or not", () => {
    expect(["local", "utc", "Europe/Berlin"].map(isZone)).toEqual([true, true, true]);
    expect(["", "Mars/Olympus"].map(isZone)).toEqual([false, false]);
    expect(allZones()).toContain("Europe/Berlin");
  });

  it("is found by any words of its name, and by names that browsers do not list", () => {
    expect(zonesLike("new york")).toEqual(["America/New_York"]);
    expect(zonesLike("EUROPE/ber")).toEqual(["Europe/Berlin"]);
    expect(zonesLike("kolkata")).toContain("Asia/Kolkata");
    expect(zonesLike("ho chi minh")).toContain("Asia/Ho_Chi_Minh");
    expect(zonesLike("nowhere at all")).toEqual([]);
    expect(zonesLike("")).toEqual(allZones());
  });

  it("says how far it is from UTC at that time, in summer and winter", () => {
    expect(offsetLabel("Europe/Berlin", AT)).toBe("UTC+1");
    expect(offsetLabel("Europe/Berlin", Date.UTC(2026, 6, 1))).toBe("UTC+2");
    expect(zoneLabel("America/New_York", AT)).toBe("America/New York (UTC-5)");
    expect(zoneLabel("utc", AT)).toBe("UTC");
  });
});

describe("an age", () => {
  it("has one unit, whichever way it goes", () => {
    expect(formatAge(252_000)).toBe("4 min ago");
    expect(formatAge(-20_000)).toBe("in 20 s");
    expect(formatAge(400)).toBe("just now");
  });
});

describe("the server's clock", () => {
  it("is the browser's as long as it may be", () => {
    const clock = new ServerClock();
    expect(clock.offsetMs).toBe(0);
    clock.observe(1_000_030, 1, 1_000_000, 1_000_050);
    expect(clock.offsetMs).toBe(0);
  });

  it("is found within what every answer allows", () => {
    const offset = fc.integer({ min: -1e9, max: 1e9 });
    const answers = fc.array(
      fc.record({ sent: fc.nat(1e6), there: fc.nat(400), back: fc.nat(400), grain: fc.constantFrom(1, 1000) }),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(offset, answers, (real, all) => {
        const clock = new ServerClock();
        let narrowest = Number.POSITIVE_INFINITY;
        for (const { sent, there, back, grain } of all) {
          const exact = sent + there + real;
          clock.observe(Math.floor(exact / grain) * grain, grain, sent, sent + there + back);
          narrowest = Math.min(narrowest, there + back + grain);
        }
        expect(Math.abs(clock.offsetMs - real)).toBeLessThanOrEqual(narrowest);
      }),
    );
  });

  it.each([
    ["back", 90_000],
    ["forward", 900_000],
  ])("follows a clock that was set %s", (_way, offset) => {
    const clock = new ServerClock();
    clock.observe(500_000, 1, 0, 10);
    clock.observe(20 + offset, 1, 20, 30);
    expect(Math.abs(clock.offsetMs - offset)).toBeLessThanOrEqual(11);
  });

  it("takes no notice of what is no time", () => {
    const clock = new ServerClock();
    clock.observe(Number.NaN, 1, 0, 10);
    clock.observe(500_000, 1, 10, 0);
    expect(clock.offsetMs).toBe(0);
  });
});
