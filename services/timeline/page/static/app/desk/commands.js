/** What can be recorded at the desk: the event, the right that it takes, the address, and the fields that it shows. */

import { h } from "../elements.js";
import { texts } from "../words.js";
import { unique } from "./fields.js";

/**
 * @typedef {object} Command
 * @property {string} type  of the event
 * @property {'report' | 'judge'} right
 * @property {string[]} parts  of the sheet, in their order
 * @property {string} [moment]  the event's own time, where it is not a report's
 */

/** @type {Record<string, Command>} */
export const COMMANDS = {
  report: { type: "DevelopmentReported", right: "report", parts: ["what", "report"] },
  corroborations: { type: "DevelopmentCorroborated", right: "report", parts: ["which", "report"] },
  denials: { type: "DevelopmentDenied", right: "report", parts: ["which", "report", "reason"] },
  assessments: { type: "DevelopmentAssessed", right: "judge", parts: ["which", "verdict", "said"], moment: "assessed_at" },
  retractions: { type: "ReportRetracted", right: "report", parts: ["which", "source", "said", "reason"], moment: "retracted_at" },
  amendments: { type: "DevelopmentAmended", right: "judge", parts: ["which", "amended", "said", "reason"], moment: "amended_at" },
  merge: { type: "DevelopmentMerged", right: "judge", parts: ["which", "into", "said", "reason"], moment: "merged_at" },
  void: { type: "DevelopmentVoided", right: "judge", parts: ["which", "said", "reason"], moment: "voided_at" },
};

/** The commands as a row of choices. @param {(right: string) => boolean} may  @param {(command: string) => void} choose */
export function commandsRow(may, choose) {
  const name = unique("command");
  const offers = Object.entries(COMMANDS).filter(([, one]) => may(one.right));
  const row = offers.map(([command]) => {
    const input = h("input", { type: "radio", name, value: command, checked: command === "report", onchange: () => choose(command) });
    return h("label", null, input, h("span", null, texts.desk.commands[command]));
  });
  return h("fieldset.commands", null, h("legend.unseen", null, texts.desk.command), ...row);
}
