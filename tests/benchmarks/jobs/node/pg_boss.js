// pg-boss: one worker whose batch is the concurrency. After a batch it is told to fetch again at
// once (`notifyWorker`); otherwise it would sleep until its next poll.
import PgBoss from "pg-boss";
import pg from "pg";

const QUEUE = "benchmark";
const WRITE = "insert into benchmark_results (number) values ($1)";
const QUIET = { supervise: false, schedule: false };

export async function pgBoss(url) {
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  // Knows how to add jobs; each goes over the connection that is handed in.
  const sender = new PgBoss({ connectionString: url, ...QUIET, max: 1 });
  sender.on("error", (error) => console.error(error));
  const start = once(() => sender.start());
  return {
    async install() {
      await start();
      await sender.createQueue(QUEUE);
    },
    async add(db, number) {
      await start();
      await sender.send(QUEUE, { number }, { db: through(db) });
    },
    async addMany(db, numbers) {
      await start();
      const jobs = numbers.map((number) => ({ name: QUEUE, data: { number } }));
      await sender.insert(jobs, { db: through(db) });
    },
    async worker(work, concurrency, isWriting) {
      const writers = new pg.Pool({ connectionString: url, max: Math.min(concurrency, 16) + 2 });
      const perform = async ({ data: { number } }) => {
        if (isWriting) await writers.query(WRITE, [number]);
        await work(number);
      };
      const boss = new PgBoss({ connectionString: url, schedule: false });
      boss.on("error", (error) => console.error(error));
      await boss.start();
      const startedAt = performance.now();
      let id = null;
      const options = { batchSize: concurrency, pollingIntervalSeconds: 0.5 };
      id = await boss.work(QUEUE, options, async (jobs) => {
        await Promise.all(jobs.map(perform));
        if (id !== null) boss.notifyWorker(id);
      });
      const stop = async () => {
        await boss.stop({ graceful: false, wait: true });
        await writers.end();
      };
      return { startedAt, stop };
    },
    async unfinished() {
      const { rows } = await pool.query(
        "select count(*)::int as count from pgboss.job where state < 'completed'",
      );
      return rows[0].count;
    },
    async close() {
      await sender.stop({ graceful: false, wait: true });
      await pool.end();
    },
  };
}

const through = (db) => ({ executeSql: (text, values) => db.query(text, values) });

function once(work) {
  let result = null;
  return () => (result ??= work());
}
