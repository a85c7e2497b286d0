/** What can be recorded at the desk: the event, the right that it takes, the address, and the fields that it shows. */

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
