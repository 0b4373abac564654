// One measurement of one Node system in a process of its own; prints its numbers as JSON.
// The same cases as ../cases.py, for the systems that live in this language.
import { cases } from "./cases.js";
import { graphileWorker } from "./graphile_worker.js";
import { pgBoss } from "./pg_boss.js";

const systems = { "graphile-worker": graphileWorker, "pg-boss": pgBoss };

const order = JSON.parse(process.argv[2]);
const system = await systems[order.system](order.url);
const numbers =
  order.case === "install"
    ? await system.install().then(() => ({}))
    : await cases[order.case](system, order.url, order.parameters);
await system.close();
console.log(JSON.stringify(numbers));
process.exit(0); // timers of a stopped worker would keep the process for a while
