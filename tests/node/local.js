// What the scripts of this folder share: PouchDB with a memory adapter, waiting for a condition, and the whole of a
// database in a form that can be compared. Knows no server.
'use strict';

const assert = require('node:assert/strict');
const PouchDB = require('pouchdb').plugin(require('pouchdb-adapter-memory')).plugin(require('pouchdb-find'));

let made = 0;

/** A new, empty database in memory. */
function memory() {
  made += 1;
  return new PouchDB(`local-${process.pid}-${made}`, { adapter: 'memory' });
}

/** Waits until `condition` (which may be asynchronous) holds; says what it waited for if it never does. */
async function until(condition, what, seconds = 20) {
  const deadline = Date.now() + seconds * 1000;
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, `waited ${seconds} s for: ${what}`);
    await new Promise((resolve) => { setTimeout(resolve, 10); });
  }
}

/** Every document's leaves, as the feed tells them: {id: [rev, …]}, sorted. */
async function leaves(db) {
  const { results } = await db.changes({ style: 'all_docs', since: 0 });
  return Object.fromEntries(results.map(({ id, changes }) => [id, changes.map(({ rev }) => rev).sort()]));
}

/** Every document with its winner, all its leaves, and the body of each leaf: {id: {winner, leaves: {rev: body}}}. */
async function whole(db) {
  const found = {};
  const asked = [];
  for (const [id, revs] of Object.entries(await leaves(db))) {
    found[id] = { winner: null, leaves: {} };
    asked.push(...revs.map((rev) => ({ id, rev })));
  }
  const { rows } = await db.allDocs({ keys: Object.keys(found) });
  for (const { id, value } of rows) found[id].winner = value.rev;
  if (asked.length > 0) {
    for (const { id, docs } of (await db.bulkGet({ docs: asked })).results) {
      for (const { ok } of docs) {
        assert.ok(ok, `a leaf of ${id} cannot be read`);
        const { _id, _rev, _revisions, ...body } = ok;
        found[id].leaves[_rev] = body;
      }
    }
  }
  return found;
}

/** Runs the scenario named on the command line with the JSON arguments after it; prints what it returns. */
function main(scenarios) {
  const [name, ...rest] = process.argv.slice(2).map((text) => JSON.parse(text));
  scenarios[name](...rest).then(
    (facts) => { process.stdout.write(JSON.stringify(facts ?? null), () => process.exit(0)); },
    (error) => {
      const { status, statusCode = status, error: word, reason } = error;
      console.error(error.stack, JSON.stringify({ statusCode, word, reason }));
      process.exit(1);
    },
  );
}

module.exports = { PouchDB, leaves, main, memory, until, whole };
