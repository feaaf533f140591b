import { describe, expect, it } from "vitest";
import { problemOf, retryAfterMs } from "@/state/problem";

const NOW = Date.UTC(2026, 10, 21);

function answer(status: number, body: string, headers: Record<string, string> = {}): Response {
  return new Response(body, { status, headers });
}

describe("the problem that an answer stands for", () => {
  it("is what the hub says", async () => {
    const body = JSON.stringify({
      status: 422,
      code: "invalid",
      detail: "reason: is missing",
      errors: [{ field: "reason", problem: "is missing", remedy: "say why" }],
      dry_run: { rev: "a" },
    });
    const problem = await problemOf(answer(422, body), NOW);
    expect([problem.status, problem.code, problem.detail]).toEqual([422, "invalid", "reason: is missing"]);
    expect(problem.errors).toEqual([{ field: "reason", problem: "is missing", remedy: "say why" }]);
    expect(problem.body.dry_run).toEqual({ rev: "a" });
    expect(problem.retryAfterMs).toBeUndefined();
  });

  it("is told by the status where a proxy answers", async () => {
    for (const body of ["<html>Bad Gateway</html>", "", "[1]", '"text"', "null"]) {
      const problem = await problemOf(answer(502, body), NOW);
      expect([problem.status, problem.code, problem.errors]).toEqual([502, "status_502", []]);
    }
  });

  it("takes nothing for a field's error that is none", async () => {
    const problem = await problemOf(answer(422, JSON.stringify({ errors: [1, { field: "a" }, null] })), NOW);
    expect(problem.errors).toEqual([]);
  });
});

describe("how long to wait", () => {
  it("is said in seconds or as a date", () => {
    expect(retryAfterMs("7", NOW)).toBe(7_000);
    expect(retryAfterMs(new Date(NOW + 90_000).toUTCString(), NOW)).toBe(90_000);
  });

  it("is nothing for what has gone by, and unknown for what is neither", () => {
    expect(retryAfterMs(new Date(NOW - 90_000).toUTCString(), NOW)).toBe(0);
    expect(retryAfterMs("soon", NOW)).toBeUndefined();
    expect(retryAfterMs(null, NOW)).toBeUndefined();
  });
});
