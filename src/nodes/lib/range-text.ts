// How a range is written: what the form lets through, range understands. The rule of the file: no import, so that the form
// takes it as it is.

/** "last 24 h", "31 days" */
export const SPAN = /^\s*(?:last\s+)?(\d{1,6})\s*(min|minutes?|h|hours?|d|days?|w|weeks?|months?|years?)\s*$/i;
/** "96": the newest; "1-96": from the oldest on. */
export const ENTRIES = /^\s*(\d+)\s*(?:-\s*(\d+)\s*)?$/;
