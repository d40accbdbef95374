// Says what was measured: a table, where a peer is ahead, which goals are met. Every word is worked out
// of the figures, so that they can't drift apart.

import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

import { chart } from '../chart.mjs'
import { PEERS } from './browser.mjs'
import { FIGURES, shown, times } from './figures.mjs'

const path = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url))
const US = 'haversack'
const [LABEL, CELL] = [15, 13]
/** What is nearer than this is no lead, in one run. */
const EVEN = 0.95
const BEGIN = '<!-- Written by `cargo xtask bench` from bench/results.json -->'
const END = '<!-- End of what is written -->'

const titleOf = (name) => PEERS[name].title
const otherThan = (results) => Object.keys(results.peers).filter((name) => name !== US)

/** What Haversack's figure is for a comparison: it has no relaxed writes, its strict one stands for them. */
function ours(results, figure) {
  const own = results.peers[US]
  return own?.[figure.key] ?? own?.[figure.key.replace('_relaxed', '_strict')] ?? null
}

/** The figures, and under them how many times Haversack's they are. */
export function table(results) {
  const names = Object.keys(results.peers)
  const cells = (label, texts) => label.padEnd(LABEL) + texts.map((t) => t.padStart(CELL)).join('')
  const lines = [cells('', names.map(titleOf))]
  for (const figure of FIGURES) {
    const values = names.map((name) => results.peers[name][figure.key] ?? null)
    if (values.every((value) => value === null)) continue
    lines.push(
      cells(
        figure.label,
        values.map((v, i) => (v === null ? '–' : shown(figure, v))),
      ),
    )
    const own = ours(results, figure)
    const ratio = (value, i) =>
      value === null || own === null || names[i] === US ? '' : times(value / own)
    const ratios = cells('', values.map(ratio)).trimEnd()
    if (ratios) lines.push(ratios)
  }
  return lines.map((line) => line.trimEnd()).join('\n')
}

/** Where a peer is ahead, a figure a line. */
function ahead(results) {
  const lines = []
  for (const figure of FIGURES) {
    const own = ours(results, figure)
    if (own === null) continue
    const better = otherThan(results)
      .map((name) => ({ name, value: results.peers[name][figure.key] ?? null }))
      .filter(({ value }) => value !== null && value < own * EVEN)
      .sort((a, b) => a.value - b.value)
    if (better.length === 0) continue
    const said = better.map(
      ({ name, value }) => `${titleOf(name)} ${shown(figure, value)} (${times(own / value)})`,
    )
    const strict = results.peers[US][figure.key] == null ? ', which is strict' : ''
    lines.push(
      `- **${figure.label}** (${figure.says}): Haversack ${shown(figure, own)}${strict}; ahead ` +
        `${better.length === 1 ? 'is' : 'are'} ${said.join(', ')}.`,
    )
  }
  return lines
}

/** Where a peer is ahead, in words. */
export function words(results) {
  if (!results.peers[US]) return ''
  const lines = ahead(results)
  if (lines.length === 0) lines.push('In nothing that is measured here.')
  return `Where a peer is ahead\n\n${lines.join('\n')}`
}

/** The goals beside idb, and beside the quickest map, with what was reached. */
export function goalsOf(results) {
  const own = results.peers[US]
  const { idb } = results.peers
  const list = []
  if (!own) return list
  if (idb) {
    for (const figure of FIGURES.filter(({ goal }) => goal)) {
      const measured = own[figure.key] === null ? null : idb[figure.key] / own[figure.key]
      list.push({
        name: `${figure.label}, times quicker than idb`,
        measured: measured === null ? '–' : times(measured),
        goal: `≥ ${figure.goal.toLocaleString('en')}×`,
        met: measured !== null && measured >= figure.goal,
      })
    }
  }
  const maps = otherThan(results).filter((name) => results.peers[name].get !== null)
  if (maps.length) {
    const quickest = Math.min(...maps.map((name) => results.peers[name].get))
    list.push({
      name: 'get, times the quickest map',
      measured: times(own.get / quickest),
      goal: '≤ 2×',
      met: own.get <= 2 * quickest,
    })
  }
  return list
}

/** The goals, a line each. */
export function goals(results) {
  const list = goalsOf(results)
  const lines = list.map(
    ({ name, measured, goal, met }) =>
      `${met ? 'ok  ' : 'MISS'} ${name.padEnd(36)} ${measured.padEnd(12)} ${goal}`,
  )
  lines.push(`\n${list.filter(({ met }) => met).length} of ${list.length} figures met`)
  return lines.join('\n')
}

function markdown(results) {
  const { date, rows, rounds, machine, peers } = results
  const versions = Object.entries(peers).map(([name, { version }]) => `${titleOf(name)} ${version}`)
  const head = ['figure', ...Object.keys(peers).map(titleOf)]
  const body = FIGURES.map((figure) => {
    const own = ours(results, figure)
    const cells = Object.entries(peers).map(([name, values]) => {
      const value = values[figure.key] ?? null
      if (value === null) return '–'
      const ratio = name === US || own === null ? '' : `, ${times(value / own)}`
      return `${shown(figure, value)}${ratio}`
    })
    return [`${figure.label}: ${figure.says}`, ...cells]
  })
  const line = (cells) => `| ${cells.join(' | ')} |`
  const reached = goalsOf(results).map(({ name, measured, goal, met }) =>
    line([name, goal, measured, met ? 'yes' : 'no']),
  )
  return [
    `${date}, ${rows.toLocaleString('en')} rows, medians of ${rounds} round${rounds === 1 ? '' : 's'}, ` +
      `${machine.cores} cores (${machine.model}), Chromium ${machine.chromium}; ${versions.join(', ')}. ` +
      "Behind a peer's figure stands how many times Haversack's it is.",
    '',
    line(head),
    line(head.map(() => '---')),
    ...body.map(line),
    '',
    ...words(results).replace(/^/, '### ').split('\n'),
    '',
    '### Goals',
    '',
    line(['figure', 'goal', 'measured', 'met']),
    line(['---', '---', '---', '---']),
    ...reached,
  ].join('\n')
}

/** Writes bench/results.json, the chart, and the figures of docs/bench.md. */
export async function writeResults(results) {
  await writeFile(path('bench/results.json'), `${JSON.stringify(results, null, 2)}\n`)
  await writeFile(path('docs/bench.svg'), chart(results, titleOf))
  const page = await readFile(path('docs/bench.md'), 'utf8')
  const [before, rest] = page.split(BEGIN)
  const after = rest?.split(END)[1]
  if (after === undefined) throw new Error(`docs/bench.md has no place for figures: ${BEGIN}`)
  await writeFile(
    path('docs/bench.md'),
    `${before}${BEGIN}\n\n${markdown(results)}\n\n${END}${after}`,
  )
}

// By itself: writes chart and words anew from the figures that are there.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeResults(JSON.parse(await readFile(path('bench/results.json'), 'utf8')))
}
