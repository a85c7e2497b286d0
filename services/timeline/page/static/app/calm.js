/** Whether the reader wants things to keep still. */
export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
