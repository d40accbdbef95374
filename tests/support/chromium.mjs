// Headless Chromium as it runs everywhere, root and containers included.

import { chromium } from 'playwright-core'

/** The flags that every test starts Chromium with. */
export const CHROMIUM_ARGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Options for `chromium.launch` and `chromium.launchPersistentContext`. */
export function launchOptions() {
  return {
    executablePath: process.env.HAVERSACK_CHROMIUM || '/usr/bin/chromium',
    headless: true,
    chromiumSandbox: false,
    args: CHROMIUM_ARGS,
  }
}

/** Starts Chromium with a profile in memory. */
export function launch() {
  return chromium.launch(launchOptions())
}
