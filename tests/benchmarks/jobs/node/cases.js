// The cases for a Node system, as in ../cases.py: clock, chunks, gaps and units are the same.
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";

const CHUNK = 1000;
const STUCK_MS = 30_000;

export const cases = { enqueue, blocked, results, sleep, latency };

async function enqueue(system, url, { jobs, bulk }) {
  const clients = await Promise.all(range(8).map(() => connect(url)));
  const [db] = clients;
  await db.query("create table benchmark_orders (number integer)");
  await oneByOne(system, db, 20);
  const numbers = {
    one_connection: await rate(jobs, () => oneByOne(system, db, jobs)),
    eight_connections: await rate(jobs, () =>
      Promise.all(clients.map((client) => oneByOne(system, client, Math.floor(jobs / 8)))),
    ),
    bulk: await rate(bulk, () => preload(system, db, bulk)),
    with_business_row: await rate(jobs, () => withRows(system, db, jobs)),
  };
  await Promise.all(clients.map((client) => client.end()));
  return numbers;
}

async function blocked(system, url, { seconds }) {
  const [holder, other] = [await connect(url), await connect(url)];
  await oneByOne(system, other, 20);
  await holder.query("begin");
  await system.add(holder, 0);
  const endsAt = performance.now() + seconds * 1000;
  const waits = [];
  while (performance.now() < endsAt) {
    const since = performance.now();
    // A lock would be waited for; the holder gives way after the time is up.
    const release = setTimeout(() => holder.query("rollback"), seconds * 1000);
    await system.add(other, 1);
    clearTimeout(release);
    waits.push(performance.now() - since);
    await pause(20);
  }
  await holder.query("rollback");
  await Promise.all([holder.end(), other.end()]);
  waits.sort(ascending);
  return { median_ms: median(waits), longest_ms: waits.at(-1) };
}

async function results(system, url, { jobs, concurrency }) {
  const db = await connect(url);
  await preload(system, db, jobs);
  await db.query("create table benchmark_results (number integer primary key)");
  await db.query("vacuum (analyze)");
  await db.query("checkpoint");
  const before = await serverCounters(db);
  console.log("#begin");
  const seconds = await drained(system, () => {}, jobs, concurrency, true);
  console.log("#end");
  const after = await serverCounters(db);
  const { rows } = await db.query("select count(*)::int as written from benchmark_results");
  await db.end();
  if (rows[0].written !== jobs) throw new Error(`${rows[0].written} of ${jobs} rows were written`);
  return {
    jobs_per_second: jobs / seconds,
    commits_per_job: (after.commits - before.commits) / jobs,
    wal_bytes_per_job: (after.wal - before.wal) / jobs,
  };
}

async function sleep(system, url, { jobs, concurrency, seconds }) {
  const db = await connect(url);
  await preload(system, db, jobs);
  await db.end();
  const took = await drained(system, () => pause(seconds * 1000), jobs, concurrency);
  return { efficiency: (seconds * jobs) / concurrency / took };
}

async function latency(system, url, { jobs, concurrency }) {
  const db = await connect(url);
  const startedAt = new Map();
  const addedAt = new Map();
  const worker = await system.worker((number) => {
    startedAt.set(number, performance.now());
  }, concurrency);
  await pause(1500);
  for (const number of range(jobs)) {
    await pause(20 + Math.random() * 50);
    await system.add(db, number);
    addedAt.set(number, performance.now());
  }
  await untilNoneUnfinished(system, () => startedAt.size, jobs);
  await worker.stop();
  await db.end();
  const waits = [...addedAt].map(([number, at]) => Math.max(0, startedAt.get(number) - at));
  waits.sort(ascending);
  return { p50_ms: median(waits), p99_ms: percentile(waits, 0.99), max_ms: waits.at(-1) };
}

async function drained(system, work, jobs, concurrency, isWriting = false) {
  let done = 0;
  const worker = await system.worker(async (number) => {
    await work(number);
    done += 1;
  }, concurrency, isWriting);
  const endedAt = await untilNoneUnfinished(system, () => done, jobs);
  await worker.stop();
  return (endedAt - worker.startedAt) / 1000;
}

async function untilNoneUnfinished(system, done, jobs) {
  let quietSince = performance.now();
  let seen = 0;
  while (done() < jobs) {
    await pause(5);
    if (done() > seen) [quietSince, seen] = [performance.now(), done()];
    if (performance.now() - quietSince > STUCK_MS) throw new Error(`stuck after ${seen} of ${jobs}`);
  }
  while (await system.unfinished()) {
    if (performance.now() - quietSince > STUCK_MS) throw new Error("jobs stay unfinished");
    await pause(5);
  }
  return performance.now();
}

async function preload(system, db, jobs) {
  for (let first = 0; first < jobs; first += CHUNK) {
    await system.addMany(db, range(Math.min(CHUNK, jobs - first)).map((n) => first + n));
  }
}

async function oneByOne(system, db, jobs) {
  for (const number of range(jobs)) await system.add(db, number);
}

async function withRows(system, db, jobs) {
  for (const number of range(jobs)) {
    await db.query("begin");
    await db.query("insert into benchmark_orders values ($1)", [number]);
    await system.add(db, number);
    await db.query("commit");
  }
}

async function rate(jobs, work) {
  const since = performance.now();
  await work();
  return (jobs * 1000) / (performance.now() - since);
}

async function serverCounters(db) {
  await pause(100);
  await db.query("select pg_stat_force_next_flush()");
  const { rows } = await db.query(
    `select xact_commit::float8 as commits,
            pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 as wal
     from pg_stat_database where datname = current_database()`,
  );
  return rows[0];
}

async function connect(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

const range = (count) => Array.from({ length: count }, (_, index) => index);
const ascending = (a, b) => a - b;
const percentile = (sorted, part) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
const median = (sorted) =>
  (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
