// Numbers, sizes and times as text. English throughout, as the page is.

const integer = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];

export const count = (value) => integer.format(value);

/** A size in decimal units with three digits that mean something: 0 B, 999 B, 1.02 kB, 65.5 MB. */
export function bytes(value) {
  let unit = 0;
  // 999.5 and more would round to 1,000 of its unit.
  while (value >= (unit === 0 ? 1000 : 999.5) && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 ? 0 : value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

export const rate = (bytesPerSecond) => `${bytes(Math.round(bytesPerSecond))}/s`;

/** A rate on an axis, where 50.0 says no more than 50. */
export const axisRate = (bytesPerSecond) => rate(bytesPerSecond).replace(/\.0+ |(\.\d)0 /, '$1 ');

/** A time in its two largest units: 0.4 s, 12 s, 3 m 05 s, 2 h 14 m, 5 d 03 h. */
export function duration(seconds) {
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1)} s`;
  const s = Math.floor(seconds);
  const pad = (value) => String(value).padStart(2, '0');
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} m ${pad(s % 60)} s`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${pad(Math.floor(s / 60) % 60)} m`;
  return `${count(Math.floor(s / 86_400))} d ${pad(Math.floor(s / 3600) % 24)} h`;
}

export const clock = (date) => date.toLocaleTimeString('en-GB');

const spelled = { clientFin: 'Client FIN', proxyHeader: 'PROXY header' };

/** camelCase names of the API in words: sendTimeout → Send timeout. */
export const words = (name) => {
  if (name in spelled) return spelled[name];
  const text = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return text[0].toUpperCase() + text.slice(1);
};
