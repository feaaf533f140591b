import { createServer, type Server, type ServerResponse } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import { forgetAnswers, HttpProblem, http } from "@/state/http";
import { session } from "@/state/session_state";

/** What the server says next. */
let answer: (response: ServerResponse, tag: string | undefined) => void;
let server: Server;
let url: string;

beforeEach(async () => {
  server = createServer((request, response) => answer(response, request.headers["if-none-match"]));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/api/x`;
  forgetAnswers();
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function problemOfGet(): Promise<HttpProblem> {
  const problem: unknown = await http.get(url).catch((caught: unknown) => caught);
  expect(problem).toBeInstanceOf(HttpProblem);
  return problem as HttpProblem;
}

test("a page of a proxy in place of the hub's answer is a problem like any other, so that who polls asks again", async () => {
  answer = (response) => response.end("<html>Sign in to the company</html>");
  expect(await problemOfGet()).toMatchObject({ status: 200, code: "not_understood" });
});

test("an answer that breaks off is one as well", async () => {
  answer = (response) => {
    response.writeHead(200, { "content-length": 1000 });
    response.write("[1,");
    setTimeout(() => response.destroy(), 10);
  };
  expect(await problemOfGet()).toMatchObject({ status: 0, code: "offline" });
});

test("no answer at all is one, too", async () => {
  answer = (response) => response.destroy();
  expect(await problemOfGet()).toMatchObject({ status: 0, code: "offline" });
});

test("what has not changed is the very object of before", async () => {
  answer = (response, tag) => {
    response.writeHead(tag === '"1"' ? 304 : 200, { etag: '"1"' });
    response.end(tag === '"1"' ? undefined : "[1]");
  };
  const first = await http.ask<number[]>(url);
  const second = await http.ask<number[]>(url);
  expect([first.unchanged, second.unchanged]).toEqual([false, true]);
  expect(second.value).toBe(first.value);
});

test("a refusal says how long to wait; a 401 ends the session", async () => {
  session.value = "unknown";
  answer = (response) => {
    response.writeHead(429, { "retry-after": "7", "content-type": "application/problem+json" });
    response.end('{"code":"too_many","detail":"slowly"}');
  };
  expect(await problemOfGet()).toMatchObject({ status: 429, code: "too_many", detail: "slowly", retryAfterMs: 7000 });
  expect(session.value).toBe("unknown");
  answer = (response) => {
    response.writeHead(401);
    response.end();
  };
  expect(await problemOfGet()).toMatchObject({ status: 401, code: "status_401" });
  expect(session.value).toBe("signed_out");
});

test("what is given up is no problem", async () => {
  answer = () => undefined;
  const abort = new AbortController();
  const asked = http.get(url, { signal: abort.signal }).catch((caught: unknown) => caught);
  abort.abort();
  expect(await asked).toMatchObject({ name: "AbortError" });
});
