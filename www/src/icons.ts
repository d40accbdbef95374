/** The page's pictograms, drawn with the text's colour. All are decoration: labels stand beside them. */

import { svg, type TemplateResult } from 'lit-html'

function icon(path: TemplateResult): TemplateResult {
  return svg`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">${path}</svg>`
}

export const check = icon(svg`<path d="M4.5 10.5l3.6 3.6 7.4-8" />`)
export const cross = icon(svg`<path d="M5 5l10 10M15 5L5 15" />`)
export const plus = icon(svg`<path d="M10 4v12M4 10h12" />`)
export const search = icon(svg`<circle cx="9" cy="9" r="5.2" /><path d="M13 13l4 4" />`)
export const filter = icon(svg`<path d="M3 5h14M6 10h8M8.5 15h3" />`)
export const trash = icon(
  svg`<path d="M4 6h12M8 6V4h4v2M6 6l.8 10.5h6.4L14 6M8.7 9v4.6M11.3 9v4.6" />`,
)
export const pin = icon(
  svg`<path d="M10 17s5-4.6 5-8.6A5 5 0 0 0 5 8.4C5 12.4 10 17 10 17z" /><circle cx="10" cy="8.4" r="1.7" />`,
)
export const back = icon(svg`<path d="M12.5 4.500L7 10l5.5 5.5" />`)
export const undo = icon(svg`<path d="M7.5 4.500L4 8l3.5 3.500M4 8h7.500a4.2 4.2 0 0 1 0 8.4H8" />`)
export const warning = icon(svg`<path d="M10 3.500L17.5 16.500h-15zM10 8v4M10 14.200v.1" />`)
export const down = icon(svg`<path d="M10 4v12M5.5 11.500L10 16l4.5-4.5" />`)
export const up = icon(svg`<path d="M10 16V4M5.5 8.500L10 4l4.5 4.5" />`)
