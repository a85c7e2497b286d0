/** Names as people search for them: case, accents and the variants of Arabic letters aside, as `projections/folding.py` has it. */

/** @param {string} text */
export function fold(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase()
    .replace(/[أإآٱ]/g, "ا").replace(/ى/g, "ي").replace(/ة/g, "ه").replace(/ـ/g, "").replace(/['’ʿʾ`-]/g, " ").replace(/\s+/g, " ").trim();
}
