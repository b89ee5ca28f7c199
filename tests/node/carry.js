// For bench/: PouchDB on LevelDB, filled from a file, pushes to a URL and pulls back into another database.
// Arguments: folder, file (a JSON array of documents with _id and _rev), url, batch size. Prints seconds each way.
'use strict';

const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { PouchDB, main } = require('./local');

async function there_and_back(folder, file, url, batch_size) {
  const docs = JSON.parse(readFileSync(file, 'utf8'));
  const [here, there, back] = [new PouchDB(join(folder, 'here')), new PouchDB(url), new PouchDB(join(folder, 'back'))];
  for (let i = 0; i < docs.length; i += 1000) await here.bulkDocs(docs.slice(i, i + 1000), { new_edits: false });
  await there.info();
  const seconds = [];
  for (const way of [() => here.replicate.to(there, { batch_size }), () => back.replicate.from(there, { batch_size })]) {
    const began = process.hrtime.bigint();
    const { docs_written } = await way();
    seconds.push(Number(process.hrtime.bigint() - began) / 1e9);
    assert.equal(docs_written, docs.length);
  }
  assert.equal((await back.info()).doc_count, docs.length);
  return { push: seconds[0], pull: seconds[1] };
}

main({ there_and_back });
