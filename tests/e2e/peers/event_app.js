// The local app of events.py, over Node's http (its answers are chunked); event_app.py is the same over Python's.
//
//   /events?count=N&every=MS    N events, each with its number and the monotonic clock's nanoseconds
//   /quiet?id=ID                one event, then silence
//   /left?id=ID                 answers once the caller of /quiet?id=ID has left
'use strict';
const http = require('http');

const leavings = new Map();  // id -> {promise, resolve}
function leaving(id) {
  if (!leavings.has(id)) {
    const it = {};
    it.promise = new Promise(resolve => { it.resolve = resolve; });
    leavings.set(id, it);
  }
  return leavings.get(id);
}

const server = http.createServer(async (request, response) => {
  const url = new URL(request.url, 'http://app');
  const id = url.searchParams.get('id');
  if (url.pathname === '/left') {
    await leaving(id).promise;
    response.end('left');
    return;
  }
  response.writeHead(200, {'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store'});
  const send = number => response.write(`data: ${number} ${process.hrtime.bigint()}\n\n`);
  if (url.pathname === '/quiet') {
    response.on('close', () => leaving(id).resolve());
    send(0);
    return;
  }
  const count = Number(url.searchParams.get('count'));
  let number = 0;
  const timer = setInterval(() => {
    send(number);
    if (++number === count) {
      clearInterval(timer);
      response.end();
    }
  }, Number(url.searchParams.get('every')));
  response.on('close', () => clearInterval(timer));
});
server.listen(0, '127.0.0.1', () => console.log(`ready ${server.address().port}`));
