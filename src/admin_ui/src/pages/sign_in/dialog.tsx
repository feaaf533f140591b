/** Signing in again over the page, when a session has ended under it. */
import { Dialog } from "@/components/dialog";
import { t } from "@/core/i18n";
import { SignInForm } from "@/pages/sign_in/form";
import "./sign_in.css";

/** Asks for a token over the page that was shown, which goes on afterwards. */
export default function SignInDialog() {
  return (
    <Dialog open title={t("shell.session_ended")}>
      <p>{t("shell.session_ended_text")}</p>
      <SignInForm />
    </Dialog>
  );
}
