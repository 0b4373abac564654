// `node run.mjs SCENARIO`: runs one scenario and prints what it found and every request it made.
import { launch } from './browser.mjs'
import * as scenarios from './scenarios.mjs'

const scenario = scenarios[process.argv[2]]
const session = await launch()
try {
  const found = await scenario(session)
  const { requests, problems } = session
  console.log(JSON.stringify({ found: found ?? null, requests, problems }))
} catch (error) {
  // What the page showed says more than the line that waited for something else.
  for (const context of session.browser.contexts()) {
    for (const page of context.pages()) {
      console.error(`--- ${page.url()}\n${await page.locator('body').innerText().catch(() => '')}`)
    }
  }
  console.error(session.problems.join('\n'))
  console.error(error)
  process.exitCode = 1
} finally {
  await session.browser.close()
}
