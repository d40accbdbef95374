// Pictures of the page at both widths, light and dark, where a folder for them is given.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

const SIZES = [
  { width: 360, height: 740 },
  { width: 1400, height: 900 },
]
const SCHEMES = ['light', 'dark']

/** Gives `take(name, profile, [title])`; with a title, the list and that event are the subjects. */
export async function photographer(folder) {
  if (!folder) return async () => {}
  await mkdir(folder, { recursive: true })
  return async (name, profile, title) => {
    const { page } = profile.agenda
    const shoot = (subject) => everyLook(page, (look) => shot(page, folder, `${subject}-${look}`))
    if (title === undefined) {
      await shoot(name)
    } else {
      await profile.agenda.closePanel()
      await profile.agenda.search('')
      await page.click('[data-testid="today"]')
      await shoot('list')
      await profile.agenda.search(title)
      await profile.agenda.open(title)
      await shoot('detail')
    }
  }
}

async function everyLook(page, take) {
  const before = page.viewportSize()
  // Neither a transition half-way nor a control under the mouse is what the page looks like.
  await page.mouse.move(0, 0)
  await page.emulateMedia({ reducedMotion: 'reduce' })
  for (const size of SIZES) {
    await page.setViewportSize(size)
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme })
      await take(`${size.width}-${colorScheme}`)
    }
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null })
  await page.setViewportSize(before)
}

async function shot(page, folder, name) {
  // Two frames: one in which the list follows its new height, one in which that is seen.
  await page.evaluate(
    () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
  )
  await page.screenshot({ path: join(folder, `${name}.png`) })
}
