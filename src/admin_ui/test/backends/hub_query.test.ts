import { expect, test } from "vitest";
import { parseQuery } from "@/core/query";
import { hubParams } from "@/pages/backends/hub_query";

const asked = (text: string) => hubParams(parseQuery(text)).toString();

test("what the hub can filter by is asked of the hub", () => {
  expect(asked("kind:vllm,ollama op:chat model:m1 node:n1 tag:zone=eu transport:http fra")).toBe(
    "kind=vllm&kind=ollama&operation=chat&model=m1&node=n1&tag=zone%3Deu&transport=http&q=fra",
  );
  expect(asked("")).toBe("");
});

test.each([
  ["status:degraded", "status:degraded"],
  ["latency>400", "latency>400"],
  ["kind:v* op:chat", "kind:v*"],
  ["op:chat -kind:vllm", "-kind:vllm"],
  ["kind:vllm kind:ollama", "kind:ollama"],
  ['"two words"', '"two words"'],
])("%s is not asked of the hub, which would give another answer", (text, named) => {
  expect(hubParams(parseQuery(text))).toBe(named);
});
