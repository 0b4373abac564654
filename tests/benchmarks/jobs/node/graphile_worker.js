// graphile-worker; jobs are added by its SQL function, in the caller's transaction.
import { Logger, makeWorkerUtils, run } from "graphile-worker";
import pg from "pg";

const WRITE = "insert into benchmark_results (number) values ($1)";
const logger = new Logger(() => () => {});

export async function graphileWorker(url) {
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  return {
    async install() {
      const utils = await makeWorkerUtils({ connectionString: url, logger });
      await utils.migrate();
      await utils.release();
    },
    add: (db, number) =>
      db.query("select graphile_worker.add_job('benchmark', json_build_object('number', $1::int))", [
        number,
      ]),
    addMany: (db, numbers) =>
      db.query(
        `select count(*) from graphile_worker.add_jobs(array(
           select json_populate_record(
             null::graphile_worker.job_spec,
             json_build_object('identifier', 'benchmark', 'payload', json_build_object('number', n))
           ) from unnest($1::int[]) as n
         ))`,
        [numbers],
      ),
    async worker(work, concurrency, isWriting) {
      const benchmark = async ({ number }, { withPgClient }) => {
        if (isWriting) await withPgClient((db) => db.query(WRITE, [number]));
        await work(number);
      };
      const startedAt = performance.now();
      const runner = await run({
        connectionString: url,
        logger,
        concurrency,
        maxPoolSize: Math.min(concurrency, 16) + 2,
        noHandleSignals: true,
        taskList: { benchmark },
      });
      return { startedAt, stop: () => runner.stop() };
    },
    async unfinished() {
      const { rows } = await pool.query("select count(*)::int as count from graphile_worker.jobs");
      return rows[0].count;
    },
    close: () => pool.end(),
  };
}
