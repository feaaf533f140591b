/** The form that takes a token. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Button } from "@/components/button";
import { Field } from "@/components/field";
import { problemText } from "@/components/problem";
import { formatDuration } from "@/core/format";
import { t } from "@/core/i18n";
import { HttpProblem } from "@/state/problem";
import { signIn } from "@/state/session";

const TICK_MS = 1_000;

/** Seconds, in ms, that must still be waited; counts down. */
function useWait(): readonly [leftMs: number, wait: (ms: number) => void] {
  const [untilMs, setUntil] = useState(0);
  const [nowMs, setNow] = useState(0);
  const leftMs = Math.max(0, untilMs - nowMs);
  useEffect(() => {
    if (leftMs === 0) {
      return undefined;
    }
    const timer = setTimeout(() => setNow(performance.now()), Math.min(TICK_MS, leftMs));
    return () => clearTimeout(timer);
  }, [leftMs]);
  const wait = (ms: number) => {
    setNow(performance.now());
    setUntil(performance.now() + ms);
  };
  return [leftMs, wait];
}

function sentence(problem: HttpProblem): string {
  if (problem.status === 401) {
    return t("sign_in.wrong");
  }
  return problem.code === "cross_site" ? t("sign_in.other") : problemText(problem);
}

/** Asks for a token and signs in with it; the token leaves the field whatever comes of it. */
export function SignInForm() {
  const input = useRef<HTMLInputElement>(null);
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const [leftMs, wait] = useWait();
  useEffect(() => input.current?.focus(), []);

  const failed = (problem: unknown) => {
    if (!(problem instanceof HttpProblem)) {
      throw problem;
    }
    wait(problem.status === 429 ? (problem.retryAfterMs ?? 0) : 0);
    setError(problem.status === 429 ? undefined : sentence(problem));
    input.current?.focus();
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    const field = input.current;
    const token = field?.value.trim() ?? "";
    if (field === null || isBusy || leftMs > 0) {
      return;
    }
    if (token === "") {
      setError(t("sign_in.missing"));
      return;
    }
    field.value = "";
    setBusy(true);
    await signIn(token).catch(failed);
    setBusy(false);
  };
  const message = leftMs > 0 ? t("sign_in.wait", { span: formatDuration(leftMs + TICK_MS - 1) }) : error;
  return (
    <form class="sign-in-form" onSubmit={(event) => void submit(event)}>
      <Field label={t("sign_in.token")} hint={t("sign_in.hint")} error={message}>
        {(ids) => (
          <input
            {...ids}
            ref={input}
            class="input mono"
            type="password"
            name="token"
            autocomplete="current-password"
            autocapitalize="off"
            spellcheck={false}
            maxLength={4096}
          />
        )}
      </Field>
      <Button kind="primary" type="submit" busy={isBusy || leftMs > 0}>
        {t("sign_in.submit")}
      </Button>
    </form>
  );
}
