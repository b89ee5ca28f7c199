// For bench/: a village's day by PouchDB over a bad line. Both ends have met before; then documents are written on both
// sides, and one sync brings them across, tried again whenever it fails. Arguments: folder, the server's own address, its
// address over the line, documents to push and to pull (files with JSON arrays), options {batch_size, seconds, attachment}.
'use strict';

const http = require('node:http');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { PouchDB, main } = require('./local');

process.on('uncaughtException', () => {}); // a connection that is cut must not end the program

async function day(folder, direct, line, up, down, options) {
  const agent = new http.Agent({ keepAlive: true });
  const fetch = (url, rest) => PouchDB.fetch(url, { ...rest, agent });
  const here = new PouchDB(join(folder, 'here')), there = new PouchDB(direct), far = new PouchDB(line, { fetch });
  await here.put({ _id: 'before', n: 1 });
  await there.put({ _id: 'after', n: 1 });
  await here.sync(there);
  const [ours, theirs] = [up, down].map((file) => JSON.parse(readFileSync(file, 'utf8')));
  await here.bulkDocs(ours);
  await there.bulkDocs(theirs);
  if (options.attachment) {
    const doc = await here.get('before');
    await here.putAttachment('before', 'scan.jpg', doc._rev, Buffer.from(readFileSync(options.attachment)), 'image/jpeg');
  }
  if (options.idle) await here.sync(there);
  if (options.kept) await far.info();
  const began = process.hrtime.bigint();
  const passed = () => Number(process.hrtime.bigint() - began) / 1e9;
  const done = async () => {
    const listed = async (db) => new Set((await db.allDocs()).rows.map((row) => row.id + row.value.rev));
    const [a, b] = [await listed(here), await listed(there)];
    return a.size === b.size && [...a].every((each) => b.has(each));
  };
  let finished = false;
  while (!finished && passed() < options.seconds) {
    try {
      const { batch_size } = options;
      const late = new Promise((_, fail) => setTimeout(fail, (options.seconds - passed()) * 1000, new Error('late')).unref());
      await Promise.race([here.sync(far, batch_size ? { batch_size } : {}), late]);
      finished = true;
    } catch (error) {
      finished = passed() < options.seconds && (await done());
    }
  }
  return { seconds: passed(), finished: finished && (await done()) };
}

main({ day });
