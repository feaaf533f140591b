/** The page on which one signs in, when nothing else has been shown yet. */
import { useEffect } from "preact/hooks";
import { t } from "@/core/i18n";
import { SignInForm } from "@/pages/sign_in/form";
import { ThemeSwitch } from "@/shell/controls";
import "./sign_in.css";

/** Asks for a token; what the address wanted is shown afterwards. */
export default function SignInPage() {
  useEffect(() => {
    document.title = t("shell.document_title", { page: t("sign_in.title") });
  }, []);
  return (
    <div class="sign-in">
      <div class="sign-in-corner">
        <ThemeSwitch />
      </div>
      <main class="sign-in-box">
        <h1>{t("shell.product")}</h1>
        <p class="muted">{t("sign_in.lead")}</p>
        <SignInForm />
      </main>
    </div>
  );
}
