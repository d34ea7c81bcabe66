/** Seconds of a duration as the configuration writes it, hh:mm:ss. */
export function toSeconds(duration: string): number {
  const match = /^(\d+):(\d{2}):(\d{2})$/.exec(duration);
  if (match === null) throw new Error(`${duration} is not hh:mm:ss`);
  return Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3]);
}
