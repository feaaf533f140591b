/** Keeps a fault of one part from taking the rest of the page with it. */
import { Component, type ComponentChildren } from "preact";
import { Button } from "@/components/button";
import { Empty } from "@/components/empty";
import { PageHead } from "@/components/page_head";
import { t } from "@/core/i18n";

interface ErrorBoundaryProps {
  readonly children: ComponentChildren;
}

interface ErrorBoundaryState {
  readonly fault: string | null;
}

/** Shows what it holds, or, when that cannot be drawn, says so. Give it a key of the place, so that another page begins anew. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, ErrorBoundaryState> {
  override state: ErrorBoundaryState = { fault: null };

  static override getDerivedStateFromError(error: unknown): ErrorBoundaryState {
    return { fault: error instanceof Error ? error.message : String(error) };
  }

  override componentDidCatch(error: unknown): void {
    console.error(error);
  }

  override render() {
    const { fault } = this.state;
    if (fault === null) {
      return this.props.children;
    }
    return (
      <div class="page">
        <PageHead title={t("shell.broken_title")} />
        <Empty
          title={t("shell.broken_text")}
          text={fault}
          action={
            <Button kind="primary" icon="refresh" onClick={() => location.reload()}>
              {t("shell.reload")}
            </Button>
          }
        />
      </div>
    );
  }
}
