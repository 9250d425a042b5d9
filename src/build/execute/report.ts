import type { BuildSink } from "../build-input.ts";
import { excerpt } from "../parser/excerpt.ts";
import type { SourceRange } from "../parser/node.ts";
import type { BuildPlan, PlannedLine, StepRef } from "../plan/plan.ts";
import { withoutCredentials } from "../remote/redact.ts";

/** What a step that waits for its turn on the screen may have written by then; more is cut out of the middle. */
const MOST_KEPT = 1024 * 1024;
const SHOWN_ID = 12;

interface StepState {
  /** Written before its line was shown. */
  kept: string;
  clipped: boolean;
  /** The container that runs it. */
  container: string | undefined;
  containerShown: boolean;
  end: StepEnd | undefined;
}

export interface StepEnd {
  /** Of what it has made. */
  readonly id: string;
  readonly cached: boolean;
  /** Why it was not cached, where the client wants to know. */
  readonly why?: string | undefined;
}

interface Line {
  readonly line: PlannedLine;
  /** Changes the configuration alone, or shows a tree that was made before. */
  readonly isQuick: boolean;
}

/**
 * Tells of a build in the order of its Dockerfile, though its steps run side by side: the line that is next is shown as it goes on, what those
 * behind it write is kept until it is their turn. So every client reads what it reads from a builder that does one thing at a time.
 */
export class BuildReport {
  readonly #sink: BuildSink;
  readonly #lines: readonly Line[];
  readonly #dockerfile: { readonly name: string; readonly bytes: Uint8Array };
  readonly #steps = new Map<StepRef, StepState>();
  #at = 0;
  #headShown = false;

  /** @param dockerfile as messages show it. */
  constructor(sink: BuildSink, plan: Pick<BuildPlan, "stages">, dockerfile: { readonly name: string; readonly bytes: Uint8Array }) {
    this.#dockerfile = dockerfile;
    this.#sink = sink;
    this.#lines = linesOf(plan);
    this.#advance();
  }

  /** A command begins, in a container. */
  running(step: StepRef, container: string): void {
    this.#stateOf(step).container = container;
    this.#advance();
  }

  /** It waits for the client where the client sees it at once. */
  async output(step: StepRef, text: string): Promise<void> {
    if (this.#isShown(step)) {
      this.#sink.push({ stream: text });
      await this.#sink.room();
      return;
    }
    const state = this.#stateOf(step);
    state.kept += text;
    if (state.kept.length <= MOST_KEPT) return;
    state.clipped = true;
    state.kept = state.kept.slice(-MOST_KEPT / 2);
  }

  done(step: StepRef, end: StepEnd): void {
    this.#stateOf(step).end = end;
    this.#advance();
  }

  /** Shows the line of a step that has failed, whatever is before it, what it wrote, and where it stands in the file. */
  failed(step: StepRef, range: SourceRange): void {
    const place = this.#lines.findIndex(({ line, isQuick }) => line.step === step && !isQuick);
    if (!this.#isShown(step) && place >= 0) {
      if (place !== this.#at || !this.#headShown) this.#head(place);
      this.#flush(this.#stateOf(step));
    }
    this.#write(`${excerpt(this.#dockerfile.name, Buffer.from(this.#dockerfile.bytes).toString("utf8"), [range])}\n`);
  }

  #isShown(step: StepRef): boolean {
    const next = this.#lines[this.#at];
    return this.#headShown && next !== undefined && !next.isQuick && next.line.step === step;
  }

  #advance(): void {
    for (let next = this.#lines[this.#at]; next !== undefined; next = this.#lines[this.#at]) {
      if (!this.#headShown) this.#head(this.#at);
      this.#headShown = true;
      const state = this.#stateOf(next.line.step);
      if (!next.isQuick) this.#flush(state);
      if (state.end === undefined) return;
      this.#end(next, state.end, state.container);
      this.#at += 1;
      this.#headShown = false;
    }
  }

  #head(place: number): void {
    const line = this.#lines[place]?.line;
    if (line === undefined) return;
    this.#write(`Step ${place + 1}/${this.#lines.length} : ${withoutCredentials(line.text)}`);
    this.#write("\n");
    if (line.note !== undefined) this.#write(`${line.note}\n`);
  }

  #flush(state: StepState): void {
    if (state.container !== undefined && !state.containerShown) {
      state.containerShown = true;
      this.#write(` ---> Running in ${shortened(state.container)}\n`);
    }
    if (state.clipped) this.#write("[output clipped: too much was written while other steps were shown]\n");
    if (state.kept !== "") this.#write(state.kept);
    state.kept = "";
    state.clipped = false;
  }

  #end({ isQuick }: Line, { id, cached, why }: StepEnd, container: string | undefined): void {
    if (!isQuick && container !== undefined && !cached) this.#write(` ---> Removed intermediate container ${shortened(container)}\n`);
    if (!isQuick && why !== undefined) this.#write(` ---> Not cached: ${why}\n`);
    if (!isQuick && cached) this.#write(" ---> Using cache\n");
    this.#write(` ---> ${shortened(id)}\n`);
  }

  #stateOf(step: StepRef): StepState {
    const state = this.#steps.get(step) ?? { kept: "", clipped: false, container: undefined, containerShown: false, end: undefined };
    this.#steps.set(step, state);
    return state;
  }

  #write(stream: string): void {
    this.#sink.push({ stream });
  }
}

function linesOf({ stages }: Pick<BuildPlan, "stages">): Line[] {
  const seen = new Set<StepRef>();
  return stages.flatMap(({ lines }) =>
    lines.map((line, index) => {
      const isQuick = index === 0 || seen.has(line.step);
      seen.add(line.step);
      return { line, isQuick };
    }),
  );
}

function shortened(id: string): string {
  return id.replace(/^sha256:/, "").slice(0, SHOWN_ID);
}
