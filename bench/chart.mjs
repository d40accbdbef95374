// Draws the figures as an SVG: for each kind a bar per peer, on one logarithmic scale of time. It is as
// wide as a small telephone, so that its letters can be read there, and follows the reader's colours.

import { FIGURES, shown } from './peers/figures.mjs'

const WIDTH = 360
const [NAME_X, BAR_X, BAR_END] = [10, 92, 282]
const [BAR, STEP, GAP] = [9, 14, 26]
const TOP = 78
/** The scale, in milliseconds: from 100 ns to 10 s. */
const [LEAST, MOST] = [1e-4, 1e4]
const TICKS = [
  [1e-3, '1 µs'],
  [1, '1 ms'],
  [1e3, '1 s'],
]
const CHARTED = new Set(
  FIGURES.filter(({ bytes, key }) => !bytes && !key.startsWith('update')).map(({ key }) => key),
)

const STYLE = `
  svg { color-scheme: light dark; }
  text { font: 11px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #1f2328; }
  .title { font-size: 14px; font-weight: 600; }
  /* The ground around its letters hides the grid. */
  .kind { font-size: 12px; font-weight: 600; paint-order: stroke; stroke: #ffffff; stroke-width: 5px; }
  .quiet, .says { fill: #59636e; }
  .says { font-size: 11px; font-weight: 400; }
  .us { font-weight: 700; }
  .ground { fill: #ffffff; }
  .grid { stroke: #d1d9e0; stroke-width: 1; }
  .bar { fill: #8c959f; }
  .bar.us { fill: #0f766e; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .kind { stroke: #0d1117; }
    .quiet, .says { fill: #9198a1; }
    .ground { fill: #0d1117; }
    .grid { stroke: #3d444d; }
    .bar { fill: #6e7681; }
    .bar.us { fill: #2dd4bf; }
  }`

const escaped = (text) =>
  text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c])

function x(value) {
  const share = Math.log10(value / LEAST) / Math.log10(MOST / LEAST)
  return BAR_X + Math.min(1, Math.max(0, share)) * (BAR_END - BAR_X)
}

function text(x, y, content, { classes = '', anchor = 'start' } = {}) {
  return `<text x="${x}" y="${y}" class="${classes}" text-anchor="${anchor}">${escaped(content)}</text>`
}

/** One kind of figure: its name, and a bar for each peer, the quickest first. */
function group(figure, results, titleOf, top) {
  const says = `<tspan dx="6" class="says">${escaped(figure.says)}</tspan>`
  const parts = [
    `<text x="${NAME_X}" y="${top}" class="kind">${escaped(figure.label)}${says}</text>`,
  ]
  const bars = Object.entries(results.peers)
    .map(([name, values]) => ({ name, value: values[figure.key] ?? null }))
    .filter(({ value }) => value !== null)
    .sort((a, b) => a.value - b.value)
  let y = top + 6
  for (const { name, value } of bars) {
    const us = name === 'haversack' ? 'us' : ''
    const width = Math.max(1, x(value) - BAR_X).toFixed(1)
    parts.push(text(NAME_X, y + BAR, titleOf(name), { classes: us }))
    parts.push(
      `<rect x="${BAR_X}" y="${y}" width="${width}" height="${BAR}" rx="1.5" class="bar ${us}"/>`,
    )
    parts.push(text(WIDTH - 10, y + BAR, shown(figure, value), { classes: us, anchor: 'end' }))
    y += STEP
  }
  return { svg: parts.join('\n'), bottom: y }
}

/** The grid behind the bars of all kinds, and what its lines stand for. */
function grid(bottom) {
  return TICKS.map(([value, name]) => {
    const at = x(value).toFixed(1)
    const label = text(at, TOP - 20, name, { classes: 'quiet', anchor: 'middle' })
    return `<line x1="${at}" y1="${TOP - 12}" x2="${at}" y2="${bottom}" class="grid"/>\n${label}`
  }).join('\n')
}

/** The chart as SVG; `titleOf` gives a peer's name. */
export function chart(results, titleOf) {
  const kinds = []
  let y = TOP + 6
  for (const figure of FIGURES.filter(({ key }) => CHARTED.has(key))) {
    if (Object.values(results.peers).every((values) => values[figure.key] == null)) continue
    const { svg, bottom } = group(figure, results, titleOf, y)
    kinds.push(svg)
    y = bottom + GAP
  }
  const bottom = y - GAP
  const height = bottom + 14
  const rows = results.rows.toLocaleString('en')
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH * 1.25}" height="${height * 1.25}" role="img" aria-labelledby="title desc">
<title id="title">Haversack and its peers on ${rows} rows</title>
<desc id="desc">Times on a logarithmic scale, shorter is quicker. The same figures stand as a table in docs/bench.md.</desc>
<style>${STYLE}
</style>
<rect width="100%" height="100%" class="ground"/>
${text(NAME_X, 22, `Haversack and its peers, ${rows} rows`, { classes: 'title' })}
${text(NAME_X, 38, 'shorter is quicker; each line is 1,000 times the one before', { classes: 'quiet' })}
${grid(bottom)}
${kinds.join('\n')}
</svg>
`
}
