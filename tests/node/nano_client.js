// nano, CouchDB's own Node client, at a server's root: one scenario a function, each asserting what CouchDB's
// documentation promises. Knows nothing of whose server it is.
'use strict';

const assert = require('node:assert/strict');
const nano = require('nano');
const { main, until } = require('./local');

const refused = (statusCode, error) => (thrown) => {
  assert.deepEqual([thrown.statusCode, thrown.error], [statusCode, error], thrown.message);
  return true;
};

/** A server whose root has a path of its own, so nano must not take that for a database. */
const root = (url) => nano({ url: url.replace(/\/$/, ''), parseUrl: false });

async function databases(url, name) {
  const server = root(url);
  assert.equal((await server.db.create(name)).ok, true);
  await assert.rejects(server.db.create(name), refused(412, 'file_exists'));
  await assert.rejects(server.db.create('No-Such-Name'), refused(400, 'illegal_database_name'));
  assert.ok((await server.db.list()).includes(name));
  const info = await server.db.get(name);
  assert.deepEqual([info.db_name.split('/').pop(), info.doc_count, info.doc_del_count], [name, 0, 0]);
  assert.equal((await server.uuids(3)).uuids.length, 3);
  assert.equal((await server.info()).couchdb, 'Welcome');
  await server.use(name).insert({ a: 1 }, 'doc');
  assert.equal((await server.db.get(name)).doc_count, 1);
  assert.equal((await server.db.destroy(name)).ok, true);
  await assert.rejects(server.db.get(name), refused(404, 'not_found'));
  await assert.rejects(server.db.destroy(name), refused(404, 'not_found'));
}

async function documents(url, name) {
  const server = root(url);
  await server.db.create(name);
  const db = server.use(name);
  const first = await db.insert({ 名称: '低保申请' }, '办件-1');
  const unnamed = await db.insert({ 名称: '无号' });
  assert.match(unnamed.id, /^[0-9a-f]{32}$/);
  assert.equal((await db.get('办件-1')).名称, '低保申请');
  const head = await db.head('办件-1');
  assert.equal(head.etag, `"${first.rev}"`);
  await assert.rejects(db.insert({ 名称: '再来' }, '办件-1'), refused(409, 'conflict'));
  const second = await db.insert({ _rev: first.rev, 名称: '改' }, '办件-1');
  assert.equal((await db.get('办件-1', { rev: second.rev })).名称, '改');
  const seen = await db.get('办件-1', { revs_info: true, revs: true, local_seq: true });
  assert.deepEqual(seen._revisions.ids.map((hash, i) => `${seen._revisions.start - i}-${hash}`), [second.rev, first.rev]);
  assert.deepEqual(seen._revs_info.map((each) => each.rev), [second.rev, first.rev]);
  assert.ok(seen._local_seq);
  const gone = await db.destroy('办件-1', second.rev);
  assert.match(gone.rev, /^3-/);
  await assert.rejects(db.get('办件-1'), (thrown) => refused(404, 'not_found')(thrown) && thrown.reason === 'deleted');
  await assert.rejects(db.get('nobody'), (thrown) => refused(404, 'not_found')(thrown) && thrown.reason === 'missing');
  await assert.rejects(db.insert({ _rev: 'nonsense' }, 'bad'), refused(400, 'bad_request'));
  await assert.rejects(db.insert({ _unheard: 1 }, 'bad'), refused(400, 'doc_validation'));
}

async function bulk(url, name) {
  const server = root(url);
  await server.db.create(name);
  const db = server.use(name);
  const docs = Array.from({ length: 30 }, (_, n) => ({ _id: `d${String(n).padStart(2, '0')}`, n, 名: `第${n}` }));
  const written = await db.bulk({ docs });
  assert.equal(written.filter((each) => each.ok).length, 30);
  const listed = await db.list({ startkey: 'd05', endkey: 'd09', include_docs: true });
  assert.deepEqual([listed.total_rows, listed.rows.map((row) => row.doc.n)], [30, [5, 6, 7, 8, 9]]);
  const fetched = await db.fetch({ keys: ['d01', 'nobody', 'd02'] });
  assert.deepEqual(fetched.rows.map((row) => row.doc?.n ?? row.error), [1, 'not_found', 2]);
  assert.deepEqual((await db.fetchRevs({ keys: ['d01'] })).rows[0].value.rev, written[1].rev);
  const again = await db.bulk({ docs: [{ _id: 'd00', n: 'x' }, { ...docs[1], _rev: written[1].rev, _deleted: true }] });
  assert.deepEqual([again[0].error, again[1].ok], ['conflict', true]);
  const changes = await db.changes({ since: 0, limit: 5 });
  assert.equal(changes.results.length, 5);
  const rest = await db.changes({ since: changes.last_seq, include_docs: true });
  assert.equal(rest.results.length, 25);
  assert.deepEqual(rest.results.find((each) => each.id === 'd01').deleted, true);
  const named = await db.changes({ filter: '_doc_ids', doc_ids: JSON.stringify(['d03', 'd04']) });
  assert.deepEqual(named.results.map((each) => each.id).sort(), ['d03', 'd04']);
}

async function find(url, name) {
  const server = root(url);
  await server.db.create(name);
  const db = server.use(name);
  await db.bulk({ docs: Array.from({ length: 20 }, (_, n) => ({ _id: `d${n}`, n, kind: n % 2 ? '许可' : '公共', deep: { x: [n] } })) });
  const index = await db.createIndex({ index: { fields: ['kind', 'n'] }, name: 'by-kind' });
  assert.ok(['created', 'exists'].includes(index.result));
  const some = await db.find({ selector: { kind: '许可', n: { $gt: 4, $lt: 12 } }, fields: ['n'], sort: [{ kind: 'desc' }, { n: 'desc' }], limit: 3 });
  assert.deepEqual(some.docs, [{ n: 11 }, { n: 9 }, { n: 7 }]);
  const next = await db.find({ selector: { kind: '许可', n: { $gt: 4, $lt: 12 } }, fields: ['n'], sort: [{ kind: 'desc' }, { n: 'desc' }], limit: 3, bookmark: some.bookmark });
  assert.deepEqual(next.docs, [{ n: 5 }]);
  const either = await db.find({ selector: { $or: [{ n: 3 }, { 'deep.x': { $elemMatch: { $eq: 4 } } }], kind: { $in: ['许可', '公共'] } } });
  assert.deepEqual(either.docs.map((doc) => doc.n).sort(), [3, 4]);
  await assert.rejects(db.find({ selector: { n: { $unheard: 1 } } }), (thrown) => thrown.statusCode === 400);
}

async function attachments(url, name) {
  const server = root(url);
  await server.db.create(name);
  const db = server.use(name);
  const photo = Buffer.from(Array.from({ length: 70_000 }, (_, i) => (i * 7) % 256));
  const { rev } = await db.attachment.insert('doc', '照片.png', photo, 'image/png');
  assert.ok(photo.equals(await db.attachment.get('doc', '照片.png')));
  const text = await db.attachment.insert('doc', 'a.txt', Buffer.from('便民'), 'text/plain', { rev });
  assert.equal(Buffer.from(await db.attachment.get('doc', 'a.txt')).toString(), '便民');
  const stream = db.attachment.getAsStream('doc', '照片.png');
  const parts = [];
  for await (const part of stream) parts.push(part);
  assert.ok(photo.equals(Buffer.concat(parts)));
  const gone = await db.attachment.destroy('doc', 'a.txt', { rev: text.rev });
  assert.ok(gone.ok);
  await assert.rejects(db.attachment.get('doc', 'a.txt'), (thrown) => thrown.statusCode === 404);
  await db.multipart.insert({ 名: '多部分' }, [
    { name: 'one.txt', data: '第一', content_type: 'text/plain' },
    { name: 'two.bin', data: Buffer.from('plain bytes'), content_type: 'application/octet-stream' },
  ], 'parts');
  assert.equal((await db.get('parts')).名, '多部分');
  assert.equal(Buffer.from(await db.attachment.get('parts', 'one.txt')).toString(), '第一');
  const all = Buffer.from(await db.multipart.get('parts'));
  assert.ok(all.includes('多部分') && all.includes('plain bytes'), all.toString());
}

async function feed(url, name) {
  const server = root(url);
  await server.db.create(name);
  const db = server.use(name);
  const seen = [];
  db.changesReader.start({ since: 'now', includeDocs: true, wait: false, timeout: 2000 })
    .on('change', (change) => seen.push(change.doc.名)).on('error', (error) => { throw error; });
  await until(async () => {
    await db.insert({ 名: '新' });
    return seen.length > 0;
  }, 'a change in the reader');
  db.changesReader.stop();
  assert.equal(seen[0], '新');
}

async function session(url, name) {
  // nano keeps the cookie that /_session gives, and sends it from then on.
  const given = new URL(url);
  const [user, password] = [given.username, given.password].map(decodeURIComponent);
  given.username = '';
  given.password = '';
  const server = root(given.href);
  const { ok, name: who } = await server.auth(user, password);
  assert.deepEqual([ok, who === null || who === user], [true, true]);
  assert.equal((await server.session()).userCtx.name, user);
  assert.equal((await server.use(name).info()).doc_del_count, 0);
  await assert.rejects(root(given.href).auth(user, 'wrong'), (thrown) => thrown.statusCode === 401);
}

/** A station's everyday calls: it sees its own and what is public, and may not write a document that is no event. */
async function station(url, own) {
  const server = root(url);
  const names = await server.db.list();
  assert.ok(names.includes(own) && names.includes('public') && !names.includes('desk') && !names.includes('here'), names.join());
  await assert.rejects(server.db.create('mine'), refused(403, 'forbidden'));
  await assert.rejects(server.db.destroy(own), refused(403, 'forbidden'));
  await assert.rejects(server.use('desk').list(), (thrown) => [403, 404].includes(thrown.statusCode));
  await assert.rejects(server.use('here').list(), (thrown) => [403, 404].includes(thrown.statusCode));
  await assert.rejects(server.use(own).insert({ 名: '不许' }, 'free'), refused(403, 'forbidden'));
  await assert.rejects(server.use('public').insert({ 名: '不许' }, 'free'), refused(403, 'forbidden'));
  const changes = await server.use(own).changes({ since: 0, include_docs: true });
  const listed = await server.use(own).list({ include_docs: true });
  const got = await Promise.all(listed.rows.map((row) => server.use(own).get(row.id)));
  assert.deepEqual(got, listed.rows.map((row) => row.doc));
  assert.deepEqual(changes.results.map((each) => each.id).sort(), listed.rows.map((row) => row.id).sort());
  return { ids: listed.rows.map((row) => row.id) };
}

main({ databases, documents, bulk, find, attachments, feed, session, station });
