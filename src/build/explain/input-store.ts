import { promisify } from "node:util";
import { zstdCompress, zstdDecompress } from "node:zlib";
import type { Database } from "#store/db/database.ts";
import { decodeInputs, encodeInputs, type StepInputs } from "./inputs.ts";

/** Where an instruction stands in its Dockerfile. */
export interface StepPlace {
  /** The instruction's own: its stage and its text. */
  readonly place: string;
  /** Its stage and its line among the others, whatever is written there. */
  readonly position: string;
  /** As written. */
  readonly instruction: string;
}

export interface KeptInputs {
  readonly instruction: string;
  readonly inputs: StepInputs;
}

interface InputRow {
  readonly instruction: string;
  readonly inputs: Uint8Array;
}

/** Of the same instruction: different projects may have it. */
const MOST_OF_PLACE = 8;
const MOST = 500;
const LONGEST_INSTRUCTION = 200;
const LARGEST = 64 * 1024 * 1024;

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** What steps were made from, the newest of each instruction. */
export class InputStore {
  readonly #database: Database;

  constructor({ database }: { readonly database: Database }) {
    this.#database = database;
  }

  async keep({ place, position, instruction }: StepPlace, inputs: StepInputs): Promise<void> {
    const bytes = await compress(encodeInputs(inputs));
    this.#database.transact((writer) => {
      const shown = instruction.slice(0, LONGEST_INSTRUCTION);
      writer.run("INSERT INTO build_inputs (place, position, instruction, inputs) VALUES (?, ?, ?, ?)", place, position, shown, bytes);
      writer.run(
        "DELETE FROM build_inputs WHERE place = ?1 AND id NOT IN (SELECT id FROM build_inputs WHERE place = ?1 ORDER BY id DESC LIMIT ?2)",
        place,
        MOST_OF_PLACE,
      );
      writer.run("DELETE FROM build_inputs WHERE id NOT IN (SELECT id FROM build_inputs ORDER BY id DESC LIMIT ?)", MOST);
    });
  }

  /** Newest first. */
  async of({ place }: StepPlace): Promise<KeptInputs[]> {
    return await this.#read("place", place);
  }

  /** Of whatever stood there. */
  async at({ position }: StepPlace): Promise<KeptInputs[]> {
    return await this.#read("position", position);
  }

  async #read(column: "place" | "position", value: string): Promise<KeptInputs[]> {
    const sql = `SELECT instruction, inputs FROM build_inputs WHERE ${column} = ? ORDER BY id DESC LIMIT ${MOST_OF_PLACE}`;
    const rows = this.#database.read((reader) => reader.all<InputRow>(sql, value));
    return await Promise.all(rows.map(async ({ instruction, inputs }) => ({ instruction, inputs: await read(inputs) })));
  }
}

async function read(bytes: Uint8Array): Promise<StepInputs> {
  return decodeInputs((await decompress(bytes, { maxOutputLength: LARGEST })).toString("utf8"));
}
