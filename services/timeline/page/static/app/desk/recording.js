/** Sends what a sheet says: once, in the version that was looked at, and with whoever asks signed in. */

import { askForKey } from "../keyform.js";
import { NeedsKey, ask } from "../service.js";
import { newId } from "./held.js";

/** The event that was sent last, and its id: sent again after an answer that was lost, it is recorded once. */
let last = { said: "", id: "" };

/**
 * @param {string} command  @param {Record<string, any>} event  @param {number | null} version  that was looked at
 * @returns {Promise<any>}  what the service answers; `again`: it stood in the log already
 * @throws {import("../service.js").Told}
 */
export async function record(command, event, version) {
  const { type, development_id: about, ...rest } = event;
  const said = JSON.stringify(event);
  if (said !== last.said) last = { said, id: newId() };
  const path = command === "report" ? "/v1/developments" : `/v1/developments/${about}/${command}`;
  const body = JSON.stringify({ event_id: last.id, ...(command === "report" ? { development_id: about } : {}), ...rest });
  const held = version === null ? {} : { "If-Match": `"${version}"` };
  const answer = await signed(() => ask(path, { method: "POST", headers: { "Content-Type": "application/json", ...held }, body }));
  return { ...(await answer.json()), again: answer.status === 200 };
}

/** Do it; where the key is gone, ask for one first, and then do it. @template T @param {() => Promise<T>} deed  @returns {Promise<T>} */
export async function signed(deed) {
  for (;;) {
    try {
      return await deed();
    } catch (error) {
      if (!(error instanceof NeedsKey)) throw error;
      await askForKey();
    }
  }
}
