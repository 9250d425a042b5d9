import type { ExecConfig, ExecSession } from "#container/exec/exec-session.ts";
import type { StreamSession } from "#container/attach/stream-session.ts";
import type { TerminalSize } from "#runtime/contract.ts";

/** What the routes of exec sessions need of the engine. */
export interface ExecBackend {
  execCreate(reference: string, config: ExecConfig, size: TerminalSize | undefined): Promise<string>;
  execStart(id: string, size: TerminalSize | undefined): Promise<StreamSession>;
  execStartDetached(id: string): Promise<void>;
  execInspect(id: string): ExecSession;
  execResize(id: string, size: TerminalSize): void;
}
