// A line chart of the last five minutes in SVG. Time runs to the right and ends now; where nothing is known the lines
// break. Colours come from the style sheet by class.

import { element, setText } from './dom.js';

const namespace = 'http://www.w3.org/2000/svg';
const margin = { top: 10, right: 10, bottom: 22, left: 64 };
const lines = 4;

function svg(name, attributes = {}) {
  const node = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

/** The smallest of 1, 2, 2.5, 5 and 10 times a power of ten that is not below a value. */
export function niceStep(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 5, 10].find((factor) => factor * power >= value * 0.9999) * power;
}

export class Chart {
  /**
   * @param {HTMLElement} host
   * @param {object} options
   * @param {string} options.name of the chart, for those who cannot see it
   * @param {{ style: string, value: (sample) => number, area?: boolean, output: HTMLElement }[]} options.series
   * @param {(value: number) => string} options.format
   * @param {(value: number) => string} options.axisFormat
   * @param {number} options.floor the least that the axis goes up to
   * @param {number} options.span in seconds
   * @param {boolean} [options.whole] whether only whole numbers mean something
   */
  constructor(host, options) {
    this.host = host;
    this.options = options;
    this.samples = [];
    this.now = 0;
    this.pointer = null;
    this.svg = svg('svg', { role: 'img', 'aria-label': options.name });
    this.grid = svg('g', { class: 'grid' });
    this.areas = svg('g');
    this.strokes = svg('g');
    this.cursor = svg('g', { class: 'cursor', visibility: 'hidden' });
    this.cursorLine = svg('line');
    this.cursor.append(this.cursorLine);
    this.svg.append(this.grid, this.areas, this.strokes, this.cursor);
    this.series = options.series.map((one) => {
      const stroke = svg('path', { class: `stroke ${one.style}` });
      this.strokes.append(stroke);
      const area = one.area ? svg('path', { class: `area ${one.style}` }) : null;
      if (area) this.areas.append(area);
      const dot = svg('circle', { class: `dot ${one.style}`, r: 3.5 });
      this.cursor.append(dot);
      return { ...one, stroke, areaPath: area, dot };
    });
    this.waiting = element('p', { class: 'chart-waiting' }, 'Waiting for figures');
    this.time = element('p', { class: 'chart-time', 'aria-hidden': 'true' });
    host.append(this.svg, this.waiting, this.time);

    new ResizeObserver(() => this.draw()).observe(host);
    host.addEventListener('pointermove', (event) => {
      this.pointer = event.clientX - host.getBoundingClientRect().left;
      this.draw();
    });
    host.addEventListener('pointerleave', () => {
      this.pointer = null;
      this.draw();
    });
  }

  /** @param {{ at: number }[]} samples in order; one that has `gap` breaks the lines. @param {number} now in seconds */
  update(samples, now) {
    this.samples = samples;
    this.now = now;
    this.draw();
  }

  /** Says in words what the lines show. */
  describe(text) {
    this.svg.setAttribute('aria-label', `${this.options.name}. ${text}`);
  }

  draw() {
    const { width, height } = this.host.getBoundingClientRect();
    if (width === 0) return;
    const { span, floor } = this.options;
    const inner = { width: width - margin.left - margin.right, height: height - margin.top - margin.bottom };
    this.svg.setAttribute('viewBox', `0 0 ${width} ${height}`);

    const shown = this.samples.filter((sample) => !sample.gap);
    this.waiting.hidden = shown.length > 0;
    const highest = Math.max(floor, ...shown.flatMap((sample) => this.series.map((one) => one.value(sample))));
    const step = this.options.whole ? Math.max(1, Math.ceil(niceStep(highest / lines))) : niceStep(highest / lines);
    const top = Math.ceil(highest / step) * step;
    const x = (at) => margin.left + inner.width * (1 - (this.now - at) / span);
    const y = (value) => margin.top + inner.height * (1 - value / top);

    this.drawGrid(width, height, top, step, x, y);
    for (const one of this.series) {
      const [stroke, area] = this.paths(one, x, y);
      one.stroke.setAttribute('d', stroke);
      one.areaPath?.setAttribute('d', area);
    }
    this.drawCursor(shown, x, y, height);
  }

  drawGrid(width, height, top, step, x, y) {
    const parts = [];
    const text = (at, label, anchor) => {
      const node = svg('text', { ...at, 'text-anchor': anchor });
      node.textContent = label;
      return node;
    };
    for (let value = 0; value <= top * 1.0001; value += step) {
      const at = Math.round(y(value)) + 0.5;
      parts.push(svg('line', { x1: margin.left, x2: width - margin.right, y1: at, y2: at, class: value === 0 ? 'base' : '' }));
      parts.push(text({ x: margin.left - 8, y: at + 4 }, this.options.axisFormat(value), 'end'));
    }
    const { span } = this.options;
    const every = width < 420 ? 120 : 60;
    for (let ago = 0; ago <= span; ago += every) {
      const label = ago === 0 ? 'now' : `−${ago / 60} m`;
      parts.push(text({ x: x(this.now - ago), y: height - 5 }, label, ago === 0 ? 'end' : ago === span ? 'start' : 'middle'));
    }
    this.grid.replaceChildren(...parts);
  }

  paths(one, x, y) {
    let stroke = '';
    let area = '';
    let start = null;
    let last = null;
    const end = () => {
      if (start !== null) area += `L${last} ${y(0)}L${start} ${y(0)}Z`;
      start = null;
    };
    for (const sample of this.samples) {
      if (sample.gap) {
        end();
        continue;
      }
      const at = x(sample.at).toFixed(1);
      const point = `${at} ${y(one.value(sample)).toFixed(1)}`;
      stroke += `${start === null ? 'M' : 'L'}${point}`;
      area += start === null ? `M${at} ${y(0)}L${point}` : `L${point}`;
      start ??= at;
      last = at;
    }
    end();
    return [stroke, area];
  }

  /** The legend shows the values under the pointer, or else the newest. */
  drawCursor(shown, x, y, height) {
    const { format } = this.options;
    const pointer = this.pointer;
    const nearest = pointer === null || shown.length === 0
      ? null
      : shown.reduce((best, sample) => (Math.abs(x(sample.at) - pointer) < Math.abs(x(best.at) - pointer) ? sample : best));
    const sample = nearest ?? shown.at(-1);
    for (const one of this.series) setText(one.output, sample ? format(one.value(sample)) : '–');
    this.cursor.setAttribute('visibility', nearest ? 'visible' : 'hidden');
    this.time.hidden = nearest === null;
    if (nearest === null) return;
    const at = x(nearest.at);
    for (const [name, value] of Object.entries({ x1: at, x2: at, y1: margin.top, y2: height - margin.bottom })) this.cursorLine.setAttribute(name, value);
    for (const one of this.series) {
      one.dot.setAttribute('cx', at);
      one.dot.setAttribute('cy', y(one.value(nearest)));
    }
    setText(this.time, `${Math.max(0, Math.round(this.now - nearest.at))} s ago`);
  }
}
