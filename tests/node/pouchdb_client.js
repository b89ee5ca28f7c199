// PouchDB as client of a database at a URL: one scenario a function. Each asserts what PouchDB's own documentation
// promises; nothing here knows whose server it is.
'use strict';

const assert = require('node:assert/strict');
const { randomBytes, createHash } = require('node:crypto');
const { PouchDB, main, memory, until, whole } = require('./local');

const remote = (url, auth) => new PouchDB(url, { skip_setup: true, ...(auth ? { auth } : {}) });
const numbered = (n, more = {}) => Array.from({ length: n }, (_, i) => (
  { _id: `doc-办件-${String(i).padStart(4, '0')}`, 名称: `申请${i}`, n: i, 材料: [{ seq: 1, got: i % 2 === 0 }], ...more }));
const ids = async (db) => (await db.allDocs()).rows.map((row) => row.id);
const md5 = (data) => createHash('md5').update(data).digest('base64');

async function same(one, other) {
  const [here, there] = await Promise.all([whole(one), whole(other)]);
  assert.deepEqual(here, there);
  return here;
}

async function push(url) {
  const [here, there] = [memory(), remote(url)];
  await here.bulkDocs(numbered(250));
  const first = await here.replicate.to(there);
  assert.deepEqual([first.ok, first.docs_read, first.docs_written, first.doc_write_failures], [true, 250, 250, 0]);
  await same(here, there);
  const again = await here.replicate.to(there);
  assert.equal(again.docs_read, 0, 'the checkpoint was not found again');
  await here.put({ _id: 'later', 说明: '补正' });
  const third = await here.replicate.to(there);
  assert.equal(third.docs_read, 1, 'it began from the start');
}

async function pull(url) {
  const [here, there] = [memory(), remote(url)];
  await there.bulkDocs(numbered(250));
  const first = await here.replicate.from(there);
  assert.deepEqual([first.ok, first.docs_written], [true, 250]);
  await same(here, there);
  assert.equal((await here.replicate.from(there)).docs_read, 0, 'the checkpoint was not found again');
}

async function live(url) {
  const [one, two, there] = [memory(), memory(), remote(url)];
  await one.put({ _id: 'before', from: 'one' });
  const syncs = [one, two].map((db) => PouchDB.sync(db, there, { live: true, retry: true, heartbeat: 2000 }));
  const failed = [];
  syncs.forEach((sync) => sync.on('error', (e) => failed.push(e)).on('denied', (e) => failed.push(e)));
  const has = (db, id, what) => until(() => db.get(id).then((doc) => doc.from === what, () => false), `${id} from ${what}`);
  await has(two, 'before', 'one');
  const times = [];
  for (let i = 0; i < 5; i += 1) {
    const began = Date.now();
    await one.put({ _id: `by-one-${i}`, from: 'one' });
    await has(two, `by-one-${i}`, 'one');
    await there.put({ _id: `by-server-${i}`, from: 'server' });
    await has(one, `by-server-${i}`, 'server');
    await two.put({ ...(await two.get(`by-one-${i}`)), from: 'two' });
    await has(one, `by-one-${i}`, 'two');
    times.push(Date.now() - began);
  }
  await two.remove(await two.get('before'));
  await until(() => one.get('before').then(() => false, (e) => e.reason === 'deleted'), 'the deletion');
  syncs.forEach((sync) => sync.cancel());
  assert.deepEqual(failed, []);
  await same(one, there);
  await same(two, there);
  return { milliseconds: Math.max(...times) };
}

async function holds(db, name, data) {
  const got = await db.getAttachment('doc', name);
  assert.ok(data.equals(got), `${name}: ${got.length} bytes, not the ${data.length} that were put`);
}

async function attachments(url) {
  const [here, there, other] = [memory(), remote(url), memory()];
  const photo = randomBytes(300_000);
  const text = Buffer.from('身份证复印件 '.repeat(5000));
  await here.put({ _id: 'doc', _attachments: {
    '照片.jpg': { content_type: 'image/jpeg', data: photo },
    'note.txt': { content_type: 'text/plain', data: text },
    empty: { content_type: 'application/octet-stream', data: Buffer.alloc(0) },
  } });
  await here.replicate.to(there);
  await holds(there, '照片.jpg', photo);
  await holds(there, 'note.txt', text);
  const stub = (await there.get('doc'))._attachments['照片.jpg'];
  assert.deepEqual([stub.stub, stub.length, stub.content_type], [true, photo.length, 'image/jpeg']);
  assert.equal(stub.digest, `md5-${md5(photo)}`);

  const { rev } = await there.putAttachment('doc', 'more/第二份.bin', (await there.get('doc'))._rev, Buffer.from([0, 255, 10]), 'application/x-made-up');
  await there.removeAttachment('doc', 'empty', rev);
  await other.replicate.from(there);
  await holds(other, '照片.jpg', photo);
  await holds(other, 'note.txt', text);
  await holds(other, 'more/第二份.bin', Buffer.from([0, 255, 10]));
  const names = Object.keys((await other.get('doc'))._attachments).sort();
  assert.deepEqual(names, ['more/第二份.bin', 'note.txt', '照片.jpg']);

  // An edit that names its attachments by stub keeps them; `attachments: true` brings them inline.
  const edited = await other.get('doc');
  await other.put({ ...edited, 说明: '改' });
  await other.replicate.to(there);
  const inline = await there.get('doc', { attachments: true });
  assert.equal(inline.说明, '改');
  assert.deepEqual(Buffer.from(inline._attachments['照片.jpg'].data, 'base64'), photo);
  await here.replicate.from(there);
  await holds(here, 'more/第二份.bin', Buffer.from([0, 255, 10]));
}

async function conflicts(url) {
  const [one, two, there] = [memory(), memory(), remote(url)];
  await one.put({ _id: 'doc', by: 'first' });
  await one.replicate.to(there);
  await two.replicate.from(there);
  await one.put({ ...(await one.get('doc')), by: 'one' });
  await two.put({ ...(await two.get('doc')), by: 'two' });
  await two.put({ ...(await two.get('doc')), by: 'two again' });
  await there.put({ ...(await there.get('doc')), by: 'server' });
  for (const db of [one, two, one, two]) await db.sync(there);
  const all = await same(one, there);
  await same(two, there);
  assert.equal(Object.keys(all.doc.leaves).length, 3);
  const seen = await there.get('doc', { conflicts: true });
  assert.equal(seen.by, 'two again');
  assert.equal(seen._conflicts.length, 2);
  assert.equal((await there.get('doc', { rev: seen._conflicts[0] }))._rev, seen._conflicts[0]);

  for (const rev of seen._conflicts) await one.remove('doc', rev);
  for (const db of [one, two]) await db.sync(there);
  assert.equal((await there.get('doc', { conflicts: true }))._conflicts, undefined);
  assert.equal((await two.get('doc', { conflicts: true }))._conflicts, undefined);
  await same(two, there);
  await assert.rejects(there.put({ _id: 'doc', _rev: seen._conflicts[0], by: 'late' }), { status: 409 });
}

async function deletions(url) {
  const [one, two, there] = [memory(), memory(), remote(url)];
  await one.bulkDocs(numbered(20));
  await one.sync(there);
  await two.sync(there);
  const gone = (await ids(one)).slice(0, 5);
  for (const id of gone) await one.remove(await one.get(id));
  await there.put({ ...(await there.get('doc-办件-0010')), _deleted: true, 理由: '作废' });
  await one.sync(there);
  await two.sync(there);
  await one.sync(there);
  assert.deepEqual(await ids(two), (await ids(one)));
  assert.equal((await ids(there)).length, 14);
  await assert.rejects(there.get(gone[0]), { status: 404, reason: 'deleted' });
  const all = await same(one, there);
  await same(two, there);
  assert.equal(Object.values(all['doc-办件-0010'].leaves)[0].理由, '作废', 'the reason of a deletion was lost');

  await two.put({ _id: gone[0], 名称: '又来' });
  await two.sync(there);
  await one.sync(there);
  assert.equal((await one.get(gone[0])).名称, '又来');
  await same(one, two);
}

async function doc_ids(url) {
  const [here, there, back] = [memory(), remote(url), memory()];
  await here.bulkDocs(numbered(30));
  const wanted = ['doc-办件-0003', 'doc-办件-0007', 'nobody'];
  await here.replicate.to(there, { doc_ids: wanted });
  assert.deepEqual(await ids(there), ['doc-办件-0003', 'doc-办件-0007']);
  await here.replicate.to(there);
  await back.replicate.from(there, { doc_ids: ['doc-办件-0001', ...wanted] });
  assert.deepEqual(await ids(back), ['doc-办件-0001', 'doc-办件-0003', 'doc-办件-0007']);
}

async function selector(url) {
  const [here, there, back] = [memory(), remote(url), memory()];
  await here.bulkDocs([...numbered(30), ...numbered(3, { kind: 'notice' }).map((doc) => ({ ...doc, _id: `n${doc._id}` }))]);
  await here.replicate.to(there, { selector: { kind: 'notice' } });
  assert.equal((await ids(there)).length, 3);
  await here.replicate.to(there);
  await back.replicate.from(there, { selector: { $and: [{ n: { $gte: 28 } }, { 名称: { $in: ['申请28', '申请29'] } }] } });
  assert.deepEqual(await ids(back), ['doc-办件-0028', 'doc-办件-0029']);
  await there.put({ _id: 'added', n: 28, 名称: '申请28' });
  const again = await back.replicate.from(there, { selector: { $and: [{ n: { $gte: 28 } }, { 名称: { $in: ['申请28', '申请29'] } }] } });
  assert.equal(again.docs_written, 1);
}

async function everyday(url) {
  const there = remote(url);
  const info = await there.info();
  assert.equal(info.doc_count, 0);
  const { id, rev } = await there.post({ 名称: '无名' });
  assert.equal((await there.get(id))._rev, rev);
  await there.put({ _id: '办件/甲 乙?&#', 名: 1 });
  assert.equal((await there.get('办件/甲 乙?&#')).名, 1);
  await there.put({ _id: '_local/here', at: 7 });
  assert.equal((await there.get('_local/here')).at, 7);
  await there.put({ _id: '_design/views', views: { all: { map: 'function (doc) { emit(doc._id); }' } } });
  await there.bulkDocs(numbered(10));
  const page = await there.allDocs({ startkey: 'doc-办件-0002', endkey: 'doc-办件-0006', inclusive_end: false, include_docs: true, limit: 3, skip: 1 });
  assert.deepEqual(page.rows.map((row) => row.doc.n), [3, 4, 5]);
  const down = await there.allDocs({ startkey: 'doc-办件-0006', endkey: 'doc-办件-0002', descending: true });
  assert.deepEqual(down.rows.map((row) => row.id.slice(-1)), ['6', '5', '4', '3', '2']);
  const keyed = await there.allDocs({ keys: ['doc-办件-0001', 'nobody'], include_docs: true });
  assert.deepEqual([keyed.rows[0].doc.n, keyed.rows[1].error], [1, 'not_found']);
  const refused = await there.bulkDocs([{ _id: 'doc-办件-0001', n: 'twice' }, { _id: 'new' }]);
  assert.deepEqual([refused[0].status, refused[0].name, refused[1].ok], [409, 'conflict', true]);
  const history = await there.get('new', { revs: true, revs_info: true });
  assert.equal(history._revs_info[0].status, 'available');
  const diff = await there.revsDiff({ new: [history._rev, '9-nobody'], other: ['1-abc'] });
  assert.deepEqual([diff.new.missing, diff.other.missing], [['9-nobody'], ['1-abc']]);
  assert.equal((await there.bulkGet({ docs: [{ id: 'new' }, { id: 'nobody' }] })).results[1].docs[0].error.error, 'not_found');
  await there.createIndex({ index: { fields: ['n'] } });
  const found = await there.find({ selector: { n: { $gt: 6 } }, fields: ['_id', 'n'], sort: ['n'], limit: 2 });
  assert.deepEqual(found.docs.map((doc) => doc.n), [7, 8]);
  const seen = [];
  const feed = there.changes({ live: true, since: 'now', include_docs: true }).on('change', (change) => seen.push(change.doc.名));
  await until(async () => {
    await there.post({ 名: '新' });
    return seen.length > 0;
  }, 'a live change');
  feed.cancel();
  assert.equal(seen[0], '新');
  await there.compact();
}

/** A device as a village has one: reads `public` and its own database, and may write no free document into either. */
async function device(base, own, auth) {
  const [here, notices, mine] = [memory(), memory(), remote(`${base}/${own}`, auth)];
  const pulled = await notices.replicate.from(remote(`${base}/public`, auth));
  await here.replicate.from(mine);
  const events = Object.keys(await same(here, mine));
  await assert.rejects(remote(`${base}/${own}`, { ...auth, password: 'wrong' }).allDocs(), { status: 401 });
  await assert.rejects(remote(`${base}/${own}`).allDocs(), { status: 401 });
  await assert.rejects(remote(`${base}/desk`, auth).allDocs(), { status: 403 });
  await assert.rejects(mine.put({ _id: 'free', 说: '不许' }), { status: 403 });
  const denied = [];
  await here.put({ _id: 'free', 说: '不许' });
  await here.replicate.to(mine).on('denied', (each) => denied.push(each));
  return { public: pulled.docs_written, events, denied };
}

/** Carries a village's events to a server above it, live. */
async function carry(village, above, own, auth) {
  const bag = memory();
  const denied = [];
  await bag.replicate.from(remote(`${village}/${own}`, auth));
  const before = await ids(bag);
  const there = new PouchDB(`${above}/${own}`, { auth }); // makes the database if it is the first to come
  const sync = PouchDB.sync(bag, there, { live: true, retry: true });
  sync.on('denied', (each) => denied.push(each));
  const ending = new Promise((resolve) => { sync.on('complete', resolve); });
  await until(async () => (await ids(there)).length >= before.length, 'its events there');
  sync.cancel();
  await ending;
  await same(bag, there);
  return { before, after: await ids(bag), denied };
}

main({ push, pull, live, attachments, conflicts, deletions, doc_ids, selector, everyday, device, carry });
